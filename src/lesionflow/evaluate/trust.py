"""How far one model's answers can be trusted: what calibration, prediction sets and abstention say of it, together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lesionflow import scaling
from lesionflow.evaluate import abstention, calibration, conformal, intervals, metrics, predictions
from lesionflow.evaluate.intervals import Resamples
from lesionflow.evaluate.settings import CalibrateParams


@dataclass(frozen=True)
class Trust:
    """The figures (for JSON), and tables: reliability by bin, coverage of sets by slice, risk by coverage."""

    figures: dict[str, Any]
    reliability: pd.DataFrame
    coverage: pd.DataFrame
    risk: pd.DataFrame


def judge(
    table: pd.DataFrame,
    labels: Sequence[str],
    skin_type: "pd.Series[Any]",
    settings: CalibrateParams,
    *,
    count: int,
    confidence: float,
    seed: int,
) -> Trust:
    """Fit on validation what is fitted, and measure it on test.

    Parameters
    ----------
    table : predictions of one model, with raw probabilities.
    skin_type : by sha256; missing where unknown.
    count, confidence : resamples, and level of the intervals.
    """
    val, test = (predictions.of_split(table, name) for name in ("val", "test"))
    (val_raw, val_truth), (raw, truth) = (predictions.arrays(part, labels) for part in (val, test))
    temperature = scaling.fit_temperature(val_raw, val_truth)
    scaled, val_scaled = (scaling.apply_temperature(one, temperature) for one in (raw, val_raw))
    groups = list(test["group"])
    drawn = intervals.resample(groups, count=count, seed=seed) if len(set(groups)) > 1 else None
    stages = {"raw": raw} | ({} if temperature is None else {"calibrated": scaled})
    errors, reliability = {}, []
    for name, probabilities in stages.items():
        errors[name], rows = _calibration(probabilities, truth, drawn, settings.bins, confidence=confidence)
        reliability.append(rows.assign(probabilities=name))
    sets, coverage = _sets(scaled, truth, val_scaled, val_truth, test, skin_type, settings, confidence=confidence)
    sure, wrong = scaled.max(axis=1), metrics.predict(scaled) != truth
    abstaining = _abstaining(sure, wrong, val_scaled, val_truth, drawn, settings, confidence=confidence)
    figures = {"temperature": temperature, **errors, "sets": sets, "abstention": abstaining}
    return Trust(
        figures=predictions.rounded(figures),
        reliability=pd.concat(reliability, ignore_index=True).round(predictions.DIGITS),
        coverage=pd.DataFrame(coverage).round(predictions.DIGITS),
        risk=abstention.curve(sure, wrong).round(predictions.DIGITS),
    )


def _calibration(
    probabilities: calibration.Reals, truth: metrics.Ids, drawn: Resamples | None, bins: int, *, confidence: float
) -> tuple[dict[str, Any], pd.DataFrame]:
    top = calibration.top_label(probabilities, truth, bins=bins)
    by_class = calibration.by_class(probabilities, truth, bins=bins)
    figures = {
        "ece": calibration.error(top, drawn, confidence=confidence),
        "classwise_ece": calibration.error(by_class, drawn, confidence=confidence),
    }
    for name, losses in metrics.losses(probabilities, truth).items():
        value = float(losses.mean()) if len(losses) else None
        samples = None if drawn is None else drawn.means(losses)
        figures[name] = intervals.estimate(value, samples, confidence=confidence)
    return figures, calibration.reliability(top, drawn, confidence=confidence)


def _sets(
    probabilities: calibration.Reals,
    truth: metrics.Ids,
    val: calibration.Reals,
    val_truth: metrics.Ids,
    test: pd.DataFrame,
    skin_type: "pd.Series[Any]",
    settings: CalibrateParams,
    *,
    confidence: float,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    slices = {"label": test["label"], "skin_type": test["sha256"].map(skin_type)}
    figures: dict[str, Any] = {"coverage": settings.coverage}
    rows: list[dict[str, Any]] = []
    for name, make in (("marginal", conformal.marginal), ("by_class", conformal.by_class)):
        sets = make(probabilities, val, val_truth, coverage=settings.coverage)
        found = conformal.coverage_of(sets, truth, test, slices, confidence=confidence)
        rows += [{"sets": name, **row} for row in found]
        whole = found[0]
        ends = {"value": whole["coverage"], "low": whole["coverage_low"], "high": whole["coverage_high"]}
        figures[name] = {"coverage": ends, **{key: whole[key] for key in ("mean_size", "single", "empty")}}
    return figures, rows


def _abstaining(
    sure: calibration.Reals,
    wrong: abstention.Flags,
    val: calibration.Reals,
    val_truth: metrics.Ids,
    drawn: Resamples | None,
    settings: CalibrateParams,
    *,
    confidence: float,
) -> dict[str, Any]:
    val_wrong = np.asarray(metrics.predict(val) != val_truth)
    at = abstention.threshold(val.max(axis=1), val_wrong, risk=settings.target_risk) if len(val) else None
    return {
        "aurc": abstention.area(sure, wrong, drawn, confidence=confidence),
        "target_risk": settings.target_risk,
        "threshold": at,
        **abstention.answered(sure, wrong, drawn, at=at, confidence=confidence),
    }
