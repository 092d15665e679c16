"""How far a classifier's answers can be trusted, in tables and sentences."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lesionflow.report import figures
from lesionflow.report.figures import Measure
from lesionflow.report.grids import Grid

ERRORS = (
    Measure("ece", "Calibration error of the answer (ECE)"),
    Measure("classwise_ece", "Calibration error by class"),
    Measure("log_loss", "Log loss (nats)", share=False),
    Measure("brier", "Brier score (0-2)", share=False),
)
SHOWN = (*figures.HEADLINE, Measure("malignant_sensitivity", "Malignant: sensitivity"))
"""Metrics of the subgroups that the page shows; the CSV has them all."""
TRAITS = {
    "skin_type": "Skin type (Fitzpatrick)", "skin_tone": "Skin tone", "sex": "Sex", "age": "Age",
    "body_site": "Body site", "source": "Source", "sharpness": "Sharpness, quarters",
}  # fmt: skip
SLICES = {"all": "All photos", "label": "Class", "skin_type": "Skin type"}


def errors(found: Mapping[str, Any]) -> Grid:
    """Calibration errors as predicted, and scaled where there is a temperature."""
    stages = [(name, found[name]) for name in ("raw", "calibrated") if name in found]
    rows = [
        [measure.name, *(figures.interval(stage[measure.key], share=measure.share) for _, stage in stages)]
        for measure in ERRORS
    ]
    scaled = f"At temperature {figures.plain(found['temperature'], share=False)}"
    return Grid(["Measure", *({"raw": "As predicted", "calibrated": scaled}[name] for name, _ in stages)], rows)


def answering(found: Mapping[str, Any]) -> str:
    """What the model does when it may be wrong only so often.

    >>> one = {"value": 0.5, "low": 0.4, "high": 0.6}
    >>> answering({"target_risk": 0.1, "threshold": 0.87, "coverage": one, "risk": one, "aurc": one})[:64]
    'Answering only from a probability of 87.0 % on, chosen on valida'
    """
    area = f"Area under the curve: {figures.interval(found['aurc'], share=False)}."
    allowed = figures.plain(found["target_risk"])
    if found["threshold"] is None:
        return f"No probability is high enough to be wrong in {allowed} of the answers or less on validation. {area}"
    return (
        f"Answering only from a probability of {figures.plain(found['threshold'])} on, chosen on validation for "
        f"{allowed} of wrong answers, it answers {figures.interval(found['coverage'])} of the test photos, of which "
        f"{figures.interval(found['risk'])} wrongly. {area}"
    )


def sets(found: Mapping[str, Any]) -> str:
    """What the prediction sets hold, in a sentence."""
    wanted = figures.plain(found["coverage"])
    told = [
        f"{name} {figures.interval(found[key]['coverage'])}, {found[key]['mean_size']:.2f} labels on average"
        for key, name in (("marginal", "over all photos"), ("by_class", "class by class"))
    ]
    return f"Sets of labels that are to hold the truth of {wanted} of the photos; on test they do: {'; '.join(told)}."


def coverage(frame: pd.DataFrame) -> Grid:
    """How often the sets hold the truth, for all photos, by class and by skin type."""
    rows = []
    by_sets = {name: part.set_index(["slice", "part"]) for name, part in frame.groupby("sets")}
    marginal = by_sets["marginal"]
    for kind, part in marginal.index:
        head = SLICES["all"] if kind == "all" else f"{SLICES.get(kind, kind)}: {part}"
        size = marginal.loc[(kind, part)]
        cells = [f"{int(size['photos']):,}", f"{int(size['groups']):,}"]
        for name in ("marginal", "by_class"):
            row = by_sets[name].loc[(kind, part)]
            ends = {"value": row["coverage"], "low": row["coverage_low"], "high": row["coverage_high"]}
            cells += [figures.interval(ends), f"{row['mean_size']:.2f}"]
        rows.append([head, *cells])
    return Grid(["Photos of", "Photos", "Groups", "Over all photos", "Labels", "Class by class", "Labels"], rows)


def worst(worst: Mapping[str, Any], test: Mapping[str, Any]) -> Grid:
    """The worst subgroup by each trait, beside all test photos; `test` is the metrics file's part of that name."""
    rows = []
    for trait, by_metric in worst.items():
        for measure in SHOWN:
            found = by_metric.get(measure.key)
            if found is None:
                continue
            whole = figures.plain(test.get(measure.key, {}).get("value"), share=measure.share)
            estimate = figures.interval(found, share=measure.share)
            rows.append(
                [f"{TRAITS.get(trait, trait)}: {found['subgroup']}", measure.name, estimate, whole, f"{found['of']}"]
            )
    return Grid(["Worst subgroup", "Measure", "There", "All test photos", "Of so many"], rows)


def subgroups(frame: pd.DataFrame) -> Grid:
    """The headline figures of every subgroup; small ones are marked."""
    rows = []
    for _, part in frame.groupby(["trait", "subgroup"], sort=False):
        by_metric = {str(row["metric"]): row for row in part.to_dict("records")}
        first = part.iloc[0].to_dict()
        mark = " (small)" if first["small"] == "True" else ""
        head = f"{TRAITS.get(str(first['trait']), first['trait'])}: {first['subgroup']}{mark}"
        cells = [f"{int(first['photos']):,}", f"{int(first['groups']):,}"]
        told = [(by_metric[one.key], one) for one in SHOWN if one.key in by_metric]
        rows.append([head, *cells, *(figures.interval(_ends(row), share=one.share) for row, one in told)])
    shown = [one.name for one in SHOWN if one.key in set(frame["metric"])]
    return Grid(["Subgroup", "Photos", "Groups", *shown], rows)


def _ends(row: Mapping[Any, Any]) -> dict[str, float | None]:
    return {name: row[name] for name in ("value", "low", "high")}


def outliers(found: Mapping[str, Any]) -> str:
    """How many test photos lie far from the training photos, in a sentence."""
    if found["limit"] is None:
        return "Without validation photos there is no limit to what is usual."
    test = found["test"]
    return (
        f"{figures.count(test['unusual'], 'test photo')} of {test['photos']:,} lie farther from the training photos "
        f"than nearly all validation photos do (distance above {found['limit']:.3f})."
    )
