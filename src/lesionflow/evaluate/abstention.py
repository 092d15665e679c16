"""Answering only where the model is sure: risk against coverage, and an "I don't know" threshold from validation.

Risk is the share of wrong answers among those given; coverage the share of photos that are answered. A photo is
answered when the probability of its predicted class is at least the threshold (El-Yaniv and Wiener 2010; Geifman and
El-Yaniv 2017).
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from lesionflow.evaluate import intervals
from lesionflow.evaluate.intervals import Resamples

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def curve(sure: Reals, wrong: Flags) -> pd.DataFrame:
    """Risk by coverage, one row a threshold that some photo reaches, surest first: threshold, coverage, risk."""
    order = np.argsort(-sure, kind="stable")
    answered = np.arange(1, len(sure) + 1)
    risk = np.cumsum(wrong[order]) / answered
    # Photos of equal sureness are answered together.
    last = np.append(np.diff(sure[order]) != 0, True)[: len(sure)]
    columns = {"threshold": sure[order], "coverage": answered / max(1, len(sure)), "risk": risk}
    return pd.DataFrame({name: values[last] for name, values in columns.items()})


def areas(sure: Reals, wrong: Flags, weights: Reals) -> Reals:
    """Area under the risk-coverage curve (weightings,): each photo's risk, were it the last answered, on average.

    0 is best; without any skill in being sure it is the error rate.

    Parameters
    ----------
    weights : (photos, weightings), 0 or more, of which each column has a photo.
    """
    order = np.argsort(-sure, kind="stable")
    weights = weights[order]
    ends = np.searchsorted(-sure[order], -sure[order], "right") - 1
    answered, lost = np.cumsum(weights, axis=0)[ends], np.cumsum(weights * wrong[order][:, None], axis=0)[ends]
    risk = np.divide(lost, answered, out=np.zeros_like(lost), where=answered > 0)
    return np.asarray((weights * risk).sum(axis=0) / weights.sum(axis=0))


def area(sure: Reals, wrong: Flags, drawn: Resamples | None, *, confidence: float) -> dict[str, float | None]:
    """The area with its interval; without photos not available."""
    if not len(sure):
        return {"value": None, "low": None, "high": None}
    value = float(areas(sure, wrong, np.ones((len(sure), 1)))[0])
    samples = None if drawn is None else drawn.each(lambda weights: (areas(sure, wrong, weights),))[0]
    return intervals.estimate(value, samples, confidence=confidence)


def threshold(sure: Reals, wrong: Flags, *, risk: float) -> float | None:
    """The lowest threshold at which no more than `risk` of the answers to these (validation) photos are wrong.

    None when even the surest answers are wrong more often, or without photos: then no answer can be given at that risk.
    """
    steps = curve(sure, wrong)
    allowed = steps.loc[steps["risk"] <= risk, "threshold"]
    return float(allowed.min()) if len(allowed) else None


def answered(
    sure: Reals, wrong: Flags, drawn: Resamples | None, *, at: float | None, confidence: float
) -> dict[str, dict[str, float | None]]:
    """Coverage and risk of (test) photos at the threshold, with intervals; risk is undefined when none is answered."""
    given = np.zeros(len(sure), dtype=bool) if at is None else sure >= at
    coverage = None if at is None or not len(sure) else float(given.mean())
    risk = float(wrong[given].mean()) if given.any() else None
    samples = {} if drawn is None else {"coverage": drawn.shares(given), "risk": drawn.shares(wrong, given)}
    return {
        name: intervals.estimate(value, samples.get(name), confidence=confidence)
        for name, value in (("coverage", coverage), ("risk", risk))
    }
