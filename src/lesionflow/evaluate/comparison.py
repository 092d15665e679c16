"""Which differences between models are findings: every model against the best one, on the same test photos.

The best is chosen on validation. Differences are of one model minus the best, on resamples of leakage groups that all
models share (`intervals`), with two-sided bootstrap p-values that invert the percentile interval (Davison and Hinkley
1997, 5.4). McNemar's test stands beside them; it takes photos as independent, which those of one patient are not.
Each kind of p-value is corrected for the number of models by Holm's method.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest

from lesionflow.errors import LesionflowError
from lesionflow.evaluate import confusions, intervals, metrics, predictions
from lesionflow.evaluate.intervals import Reals, Resamples
from lesionflow.evaluate.settings import CompareParams

COMPARED = ("balanced_accuracy", "accuracy", "mcc")
Flags = npt.NDArray[np.bool_]


def compare(
    tables: Mapping[str, pd.DataFrame],
    labels: Sequence[str],
    settings: CompareParams,
    *,
    count: int,
    confidence: float,
    seed: int,
) -> dict[str, Any]:
    """The criterion, the best model, and each model's differences from it; None where undefined.

    Parameters
    ----------
    tables : predictions by model, in the order in which ties are settled.
    count, confidence : resamples, and level of the intervals; `1 - confidence` is the level of the verdicts.

    Raises
    ------
    LesionflowError : the models were not tested on the same photos.
    """
    tests = {model: predictions.of_split(table, "test") for model, table in tables.items()}
    _refuse_other_photos(tests)
    found = best(tables, labels, settings.criterion)
    result: dict[str, Any] = {"criterion": settings.criterion, "best": found, "confidence": confidence}
    if found is None:
        return result | {"models": {model: {"verdict": "not available"} for model in tables}}
    rows = _against(found, tests, labels, count=count, confidence=confidence, seed=seed)
    _correct(rows)
    for model, row in rows.items():
        row["verdict"] = "best" if model == found else _verdict(row[settings.criterion], level=1 - confidence)
    return predictions.rounded(result | {"models": rows})  # type: ignore[no-any-return]


def best(tables: Mapping[str, pd.DataFrame], labels: Sequence[str], criterion: str) -> str | None:
    """The model with the highest criterion on validation, of equal ones the first; None where it is undefined for all.

    Compared as reported, at `predictions.DIGITS` places, so that the report's order is the same.
    """
    values = {}
    for model, table in tables.items():
        arrays = predictions.arrays(predictions.of_split(table, "val"), labels)
        values[model] = predictions.rounded(metrics.measure(*arrays)[criterion])
    defined = {model: value for model, value in values.items() if value is not None}
    return max(defined, key=lambda model: defined[model]) if defined else None


def mcnemar(first: Flags, second: Flags) -> tuple[int, int, float]:
    """Photos that only the first, and only the second, gets right, and the exact two-sided p-value (McNemar 1947)."""
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    if not only_first + only_second:
        return 0, 0, 1.0
    return only_first, only_second, float(binomtest(only_first, only_first + only_second).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979, "A simple sequentially rejective multiple test procedure").

    Examples
    --------
    >>> [round(value, 6) for value in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    steps = [(len(p_values) - place) * p_values[at] for place, at in enumerate(order)]
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(1, np.maximum.accumulate(steps)) if steps else []
    return [float(value) for value in corrected]


def bootstrap_p(differences: Reals) -> float | None:
    """Two-sided p-value of no difference; None when fewer than half of the resamples are defined."""
    defined = differences[np.isfinite(differences)]
    if len(defined) < max(1, intervals.MIN_DEFINED * len(differences)):
        return None
    least = min((defined <= 0).sum(), (defined >= 0).sum())
    return min(1.0, 2 * (int(least) + 1) / (len(defined) + 1))


def _refuse_other_photos(tests: Mapping[str, pd.DataFrame]) -> None:
    first, *others = tests
    for model in others:
        mine, wanted = (list(tests[name]["sha256"]) for name in (model, first))
        if mine != wanted:
            raise LesionflowError(
                f"predictions of {model}",
                got=f"{len(mine)} test photos, not those of {first}",
                expected=f"the same {len(wanted)} photos",
                remedy="Run `dvc repro evaluate`.",
            )


def _against(
    found: str,
    tests: Mapping[str, pd.DataFrame],
    labels: Sequence[str],
    *,
    count: int,
    confidence: float,
    seed: int,
) -> dict[str, dict[str, Any]]:
    groups = list(tests[found]["group"])
    # A single group says nothing about other groups.
    drawn = intervals.resample(groups, count=count, seed=seed) if len(set(groups)) > 1 else None
    values, right, samples = {}, {}, {}
    for model, test in tests.items():
        probabilities, class_id = predictions.arrays(test, labels)
        values[model] = metrics.measure(probabilities, class_id)
        right[model] = metrics.predict(probabilities) == class_id
        samples[model] = _samples(drawn, metrics.predict(probabilities), class_id, len(labels))
    rows: dict[str, dict[str, Any]] = {}
    for model in tests:
        rows[model] = {}
        if model == found:
            continue
        for name in COMPARED:
            one, other = values[model][name], values[found][name]
            value = None if one is None or other is None else one - other
            apart = samples[model][name] - samples[found][name]
            estimate = intervals.estimate(value, apart, confidence=confidence)
            rows[model][name] = {**estimate, "p": None if value is None else bootstrap_p(apart)}
        alone, best_alone, p_value = mcnemar(right[model], right[found])
        rows[model]["mcnemar"] = {"right_alone": alone, "best_right_alone": best_alone, "p": p_value}
    return rows


def _samples(drawn: Resamples | None, predicted: metrics.Ids, class_id: metrics.Ids, classes: int) -> dict[str, Reals]:
    if drawn is None:
        return {name: np.full(1, np.nan) for name in COMPARED}
    return confusions.measure(drawn.confusions(class_id, predicted, classes))


def _correct(rows: dict[str, dict[str, Any]]) -> None:
    """Add p_holm beside every p, over the models."""
    for name in (*COMPARED, "mcnemar"):
        tested = [row[name] for row in rows.values() if row and row[name]["p"] is not None]
        for one, corrected in zip(tested, holm([one["p"] for one in tested]), strict=True):
            one["p_holm"] = corrected


def _verdict(difference: Mapping[str, float | None], *, level: float) -> str:
    value, p_value = difference["value"], difference.get("p_holm")
    if value is None or p_value is None or math.isnan(value):
        return "not available"
    if p_value >= level:
        return "noise"
    return "worse" if value < 0 else "better"


def to_csv(compared: Mapping[str, Any]) -> str:
    """One row a model: verdict, then each difference with its interval and p-values; undefined ones are empty."""
    frame = pd.json_normalize([{"model": model, **row} for model, row in compared["models"].items()], sep="_")
    return frame.rename(columns=lambda name: name.removesuffix("_value")).to_csv(index=False, lineterminator="\n")
