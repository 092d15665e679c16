"""Percentile intervals by group bootstrap: leakage groups, not photos, are drawn with replacement.

Photos of one patient are alike, so that intervals over photos would be too narrow (Davison and Hinkley 1997, 3.8;
percentile method: Efron and Tibshirani 1993, 13.3).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array

from lesionflow import seeding
from lesionflow.evaluate import confusions, metrics, ranking
from lesionflow.evaluate.malignancy import Alarm

Reals = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
MIN_DEFINED = 0.5
"""An interval needs the metric to be defined in at least this share of the resamples."""

MOST_WEIGHTS = 2_000_000
"""Numbers, of 8 bytes, in one block of weights; a handful of such blocks are in memory at once."""


@dataclass(frozen=True)
class Resamples:
    """How often each group (resamples, groups) was drawn, and each photo's group (photos,)."""

    drawn: Reals
    group_of: Ids

    def each(self, measure: Callable[[Reals], tuple[Reals, ...]]) -> tuple[Reals, ...]:
        """What `measure` finds of each resample, given how often each photo was drawn (photos, resamples).

        It is asked for some resamples at a time, so that many photos need no more memory.
        """
        step = max(1, MOST_WEIGHTS // len(self.group_of))
        blocks = (self.drawn[start : start + step] for start in range(0, len(self.drawn), step))
        found = [measure(np.ascontiguousarray(block.T[self.group_of])) for block in blocks]
        return tuple(np.concatenate(values) for values in zip(*found, strict=True))

    def totals(self, values: Reals) -> Reals:
        """Sums of a value a photo (photos,) over each resample (resamples,)."""
        return self.drawn @ np.bincount(self.group_of, weights=values, minlength=self.drawn.shape[1])

    def means(self, values: Reals) -> Reals:
        """The mean of a value a photo (photos,), in each resample (resamples,)."""
        return self.totals(values) / self.totals(np.ones(len(values)))

    def shares(self, hits: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_] | None = None) -> Reals:
        """The share of photos (or of those `among`) that are hits, in each resample; NaN where none was drawn."""
        among = np.ones(len(hits), dtype=bool) if among is None else among
        total = self.totals(among.astype(float))
        found = np.full(len(total), np.nan)
        np.divide(self.totals((hits & among).astype(float)), total, out=found, where=total > 0)
        return found

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


def estimate(value: float | None, samples: Reals | None, *, confidence: float) -> dict[str, float | None]:
    """value, low and high; without a value, or without samples, the interval is not available."""
    if value is None or samples is None:
        return {"value": value, "low": None, "high": None}
    low, high = interval(samples, confidence=confidence)
    return {"value": value, "low": low, "high": high}


def measure(
    probabilities: metrics.Reals,
    class_id: Ids,
    groups: Sequence[str],
    *,
    top_k: int,
    count: int,
    confidence: float,
    seed: int,
    alarm: Alarm = metrics.NO_ALARM,
) -> dict[str, dict[str, float | None]]:
    """`metrics.measure` with intervals: each metric as value, low and high.

    A single group says nothing about other groups, so that its intervals are not available (None). The alarm's
    threshold is taken as given: its intervals leave out that validation might have given another one.
    """
    values = metrics.measure(probabilities, class_id, top_k=top_k, alarm=alarm)
    samples: dict[str, Reals] = {}
    if len(set(groups)) >= 2:
        drawn = resample(groups, count=count, seed=seed)
        samples = measures(drawn, probabilities, class_id, top_k=top_k, alarm=alarm)
    return {name: estimate(value, samples.get(name), confidence=confidence) for name, value in values.items()}


def measures(
    drawn: Resamples, probabilities: metrics.Reals, class_id: Ids, *, top_k: int, alarm: Alarm = metrics.NO_ALARM
) -> dict[str, Reals]:
    """Every metric in each resample, by the names of `metrics.measure`; NaN where undefined."""
    predicted = metrics.predict(probabilities)
    samples = confusions.measure(drawn.confusions(class_id, predicted, probabilities.shape[1]))
    samples[f"top_{top_k}"] = drawn.shares(metrics.top_k_hits(probabilities, class_id, k=top_k))
    wide = probabilities.astype(float)
    samples["macro_auroc"], samples["macro_auprc"] = drawn.each(lambda weights: ranking.macro(wide, class_id, weights))
    samples |= {name: drawn.means(losses) for name, losses in metrics.losses(probabilities, class_id).items()}
    if alarm.available:
        scores, truth = alarm.scores(probabilities), alarm.truth(class_id)
        (samples["malignant_auroc"],) = drawn.each(lambda weights: (ranking.auroc(scores, truth, weights),))
        if alarm.threshold is not None:
            raised = scores > alarm.threshold
            samples["malignant_sensitivity"] = drawn.shares(raised, truth)
            samples["malignant_specificity"] = drawn.shares(~raised, ~truth)
    return samples
