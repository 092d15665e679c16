"""Percentile intervals by group bootstrap: leakage groups, not photos, are drawn with replacement.

Photos of one patient are alike, so that intervals over photos would be too narrow (Davison and Hinkley 1997, 3.8;
percentile method: Efron and Tibshirani 1993, 13.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array

from lesionflow import seeding
from lesionflow.evaluate import confusions, metrics

Reals = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
MIN_DEFINED = 0.5
"""An interval needs the metric to be defined in at least this share of the resamples."""


@dataclass(frozen=True)
class Resamples:
    """How often each group (resamples, groups) was drawn, and each photo's group (photos,)."""

    drawn: Reals
    group_of: Ids

    def totals(self, values: Reals) -> Reals:
        """Sums of a value a photo (photos,) over each resample (resamples,)."""
        return self.drawn @ np.bincount(self.group_of, weights=values, minlength=self.drawn.shape[1])

    def shares(self, hits: npt.NDArray[np.bool_]) -> Reals:
        """The share of photos that are hits, in each resample (resamples,)."""
        return self.totals(hits.astype(float)) / self.totals(np.ones(len(hits)))

    def confusions(self, actual: Ids, predicted: Ids, classes: int) -> Reals:
        """A confusion matrix for each resample (resamples, classes, classes)."""
        cells, groups = classes * classes, self.drawn.shape[1]
        photos = (np.ones(len(actual)), (actual * classes + predicted, self.group_of))
        flat = coo_array(photos, shape=(cells, groups)).tocsr() @ self.drawn.T
        return np.ascontiguousarray(flat.T).reshape(-1, classes, classes)


def resample(groups: Sequence[str], *, count: int, seed: int) -> Resamples:
    """Draw as many groups as there are, with replacement, `count` times.

    The draw depends on seed and groups alone, so that models measured on the same photos share their resamples and can
    be compared in pairs.
    """
    names, group_of = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    generator = seeding.generator(seed, "bootstrap")
    drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=count)
    return Resamples(drawn.astype(float), group_of.astype(np.int64))


def interval(samples: Reals, *, confidence: float) -> tuple[float | None, float | None]:
    """The central percentile interval of the defined samples; (None, None) when fewer than half are defined."""
    defined = samples[np.isfinite(samples)]
    if len(defined) < max(1, MIN_DEFINED * len(samples)):
        return None, None
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def measure(
    probabilities: metrics.Reals,
    class_id: Ids,
    groups: Sequence[str],
    *,
    top_k: int,
    count: int,
    confidence: float,
    seed: int,
) -> dict[str, dict[str, float | None]]:
    """`metrics.measure` with intervals: each metric as value, low and high.

    A single group says nothing about other groups, so that its intervals are not available (None).
    """
    values = metrics.measure(probabilities, class_id, top_k=top_k)
    if len(set(groups)) < 2:
        return {name: {"value": value, "low": None, "high": None} for name, value in values.items()}
    drawn = resample(groups, count=count, seed=seed)
    predicted = metrics.predict(probabilities)
    samples = confusions.measure(drawn.confusions(class_id, predicted, probabilities.shape[1]))
    samples[f"top_{top_k}"] = drawn.shares(metrics.top_k_hits(probabilities, class_id, k=top_k))
    result = {}
    for name, value in values.items():
        low, high = (None, None) if value is None else interval(samples[name], confidence=confidence)
        result[name] = {"value": value, "low": low, "high": high}
    return result
