"""Intervals by bootstrap over leakage groups: photos of one patient are not independent, so groups are drawn."""

import numpy as np
import numpy.typing as npt
from pydantic import Field

from lesionflow import seeding
from lesionflow.evaluate.metrics import Array, Classes, available, from_confusion, measure, top_k_hits
from lesionflow.params import Section

CHUNK = 200
"""Resamples at once; bounds memory."""


class EvaluateParams(Section):
    """Confidence of the intervals, number of resamples, and k of top-k."""

    confidence: float = Field(gt=0, lt=1)
    bootstrap: int = Field(ge=10)
    top_k: int = Field(ge=1)


def with_intervals(
    probabilities: Array, truth: Classes, groups: npt.NDArray[np.object_], settings: EvaluateParams, *, seed: int
) -> dict[str, dict[str, float | None]]:
    """Each metric of photos (n, classes) as value, low and high: a percentile bootstrap (Efron and Tibshirani 1993).

    Resamples in which a metric is not defined are left out of its interval.
    """
    value = measure(probabilities, truth, top_k=settings.top_k)
    drawn = resampled(probabilities, truth, groups, settings, seed=seed)
    tail = (1 - settings.confidence) / 2
    found = {}
    for name, point in value.items():
        known = drawn[name][~np.isnan(drawn[name])]
        low, high = np.quantile(known, [tail, 1 - tail]) if len(known) else (np.nan, np.nan)
        found[name] = available({"value": point, "low": float(low), "high": float(high)})
    return found


def resampled(
    probabilities: Array, truth: Classes, groups: npt.NDArray[np.object_], settings: EvaluateParams, *, seed: int
) -> dict[str, Array]:
    """Each metric in each resample, (bootstrap,)."""
    classes = probabilities.shape[1]
    names, group = np.unique(groups.astype(str), return_inverse=True)
    cell = truth * classes + probabilities.argmax(axis=1)
    cells = np.zeros((len(names), classes * classes))
    np.add.at(cells, (group, cell), 1)
    hits = np.bincount(group, weights=top_k_hits(probabilities, truth, settings.top_k), minlength=len(names))
    photos = np.bincount(group, minlength=len(names))
    rng = seeding.generator(seed, "bootstrap")
    parts: list[dict[str, Array]] = []
    for start in range(0, settings.bootstrap, CHUNK):
        count = min(CHUNK, settings.bootstrap - start)
        weights = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=count).astype(float)
        metrics = from_confusion((weights @ cells).reshape(count, classes, classes))
        parts.append(metrics | {f"top_{settings.top_k}": weights @ hits / (weights @ photos)})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
