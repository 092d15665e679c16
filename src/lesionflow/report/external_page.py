"""What photos from elsewhere say of the classifiers, for people: a page in Markdown, and the command's output."""

from collections.abc import Mapping, Sequence
from typing import Any

from lesionflow.report import figures, markdown

SHOWN = tuple(measure for measure in figures.MEASURES if measure.key in ("balanced_accuracy", "mcc"))
METHODS = {
    "statistics": "features matched",
    "prior": "class shares corrected",
    "statistics_and_prior": "both",
}
"""By the names of `evaluate.external.METHODS`."""


def to_markdown(name: str, found: Mapping[str, Any]) -> str:
    """The figures of every classifier, what is recovered without labels, trust, and what was left out.

    Parameters
    ----------
    found : as `external.evaluating` tells it.
    """
    models = found["models"]
    parts = [
        f"# On photos from elsewhere: {name}",
        markdown.table(["Model", *_heads()], [_figures(model) for model in models]),
        _caption(models, found),
        "## Recovered without labels",
        markdown.table(["Model", "Method", *_gain_heads()], _gains(models), left=2),
        "Gains over the classifier unchanged, on the same resampled groups. The features of all these photos are given "
        "the mean and deviation of the training photos, or the shares of the classes are estimated from the "
        "probabilities alone, or both.",
        "## Trust",
        markdown.table(TRUST, [_trust(model) for model in models]),
        "Temperature, prediction sets and threshold are those of the own validation photos.",
        markdown.table(["Backbone", "Unusual own test photos", "Unusual here"], _unusual(found["outliers"])),
        "## Photos",
        markdown.table(
            ["Class", "Photos"], [[label, f"{count:,}"] for label, count in found["photos"].items()], left=1
        ),
        *_left_out(found),
    ]
    return "\n\n".join(parts) + "\n"


def _heads() -> list[str]:
    return [f"{measure.name}{ending}" for measure in SHOWN for ending in (" here", ", own test", ": difference")]


def _figures(model: Mapping[str, Any]) -> list[str]:
    cells = [model["model"]]
    for measure in SHOWN:
        here, own = (
            figures.interval(model[side][measure.key], share=measure.share) for side in ("external", "internal")
        )
        cells += [here, own, figures.signed_interval(model["drop"][measure.key], share=measure.share)]
    return cells


def _caption(models: Sequence[Mapping[str, Any]], found: Mapping[str, Any]) -> str:
    size = models[0]["external"]
    absent = ", ".join(found["absent_classes"])
    lacking = f" Classes without a photo here, whose probability is never right: {absent}." if absent else ""
    return (
        f"{figures.count(size['photos'], 'photo')} of {figures.count(size['groups'], 'leakage group')} and "
        f"{figures.count(size['classes'], 'class', 'classes')}, with {figures.confidence_name(found['confidence'])} "
        f"intervals. The own test figures are of the classes that both have, and the difference is of these.{lacking}"
    )


def _gain_heads() -> list[str]:
    return [f"{measure.name}{ending}" for measure in SHOWN for ending in ("", ": gain")]


def _gains(models: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    rows = []
    for model in models:
        for method, told in METHODS.items():
            row = [model["model"], told]
            for measure in SHOWN:
                now = model["recovered"][method]
                row.append(figures.interval(now[measure.key], share=measure.share))
                row.append(figures.signed_interval(now["gain"][measure.key], share=measure.share))
            rows.append(row)
    return rows


TRUST = ["Model", "Calibration error", "Truth in its set", "Labels a set", "Answered", "Wrong among answers"]


def _trust(model: Mapping[str, Any]) -> list[str]:
    told = model["trust"]
    errors = told.get("calibrated", told["raw"])
    sets, abstention = told["sets"]["marginal"], told["abstention"]
    return [
        model["model"],
        figures.interval(errors["ece"]),
        f"{figures.interval(sets['coverage'])} (asked {figures.plain(told['sets']['coverage'])})",
        f"{sets['mean_size']:.1f}",
        figures.interval(abstention["coverage"]),
        figures.interval(abstention["risk"]),
    ]


def _unusual(outliers: Mapping[str, Any]) -> list[list[str]]:
    return [
        [slug, *(figures.interval(told[part]["unusual"]) for part in ("test", "external"))]
        for slug, told in outliers.items()
    ]


REASONS = {
    "not_ingested": "could not be had",
    "copy": "copies of photos of the run, or of the same patch of skin",
    "conflicting_labels": "the same photo under several labels",
    "outside_taxonomy": "labels outside the taxonomy",
    "outside_model": "classes that no classifier has learned",
    "repeated": "the same photo once more",
}
"""By the names of `curate.outsiders.Reason`."""


def _left_out(found: Mapping[str, Any]) -> list[str]:
    counts = found["counts"]
    rows = [[told, f"{counts[reason]:,}"] for reason, told in REASONS.items() if counts[reason]]
    start = f"{counts['used']:,} of {figures.count(counts['rows'], 'row')} of the manifest count."
    if not rows:
        return [start]
    of = ", ".join(f"{count:,} of {part}" for part, count in found["copies_of"].items())
    copies = f" Of the copies, {of}." if of else ""
    return [
        f"{start}{copies} The others are listed beside this page.",
        markdown.table(["Left out", "Rows"], rows),
    ]
