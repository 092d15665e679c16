"""All figures of explanation and audit of one classifier, with their verdict: what reports/explain holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lesionflow.evaluate import audit, carrying, map_figures, verdict
from lesionflow.evaluate.carrying import Carriers
from lesionflow.evaluate.predictions import rounded
from lesionflow.evaluate.settings import EvaluateParams
from lesionflow.evaluate.verdict import VerdictParams


def report(
    maps: tuple[pd.DataFrame, pd.DataFrame, str] | None,
    answers: pd.DataFrame,
    origin: Mapping[str, Any] | None,
    carriers: Carriers,
    labels: Sequence[str],
    severities: Sequence[int],
    settings: EvaluateParams,
    limits: VerdictParams,
    *,
    seed: int,
) -> dict[str, Any]:
    """Figures of the maps, the audit's rows, the origin, and `verdict` with `shortcut_audit_fails`.

    Parameters
    ----------
    maps : tables map_scores and artefact_maps and the method that draws; None for a classifier without maps.
    answers : see `audit.curves`; origin : from `origin.measure`; carriers : from `carrying.find`.
    """
    measured = None if maps is None else map_figures.measure(*maps, settings, seed=seed)
    curves = audit.curves(answers, labels, settings, seed=seed)
    for row in curves:
        if row["severity"] > 0:
            found = carrying.excess(carriers, row["corruption"], row["raised"]["class"], settings, seed=seed)
            row["carried"] = rounded(found)
    told = {"audit": curves, "origin": None if origin is None else dict(origin)}
    return (measured or {}) | told | verdict.judge(measured, curves, origin, severities, limits)
