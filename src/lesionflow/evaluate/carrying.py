"""Which training photos look as if they carried an artefact, and whether those of one class do so more than the others.

A head can only learn an artefact for a class whose photos carry it. A linear probe (see `origin`) learns to tell the
audit's photos with the artefact drawn in from the same photos as they are, and is then asked about the training photos.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lesionflow.evaluate import intervals
from lesionflow.evaluate.audit import NONE
from lesionflow.evaluate.settings import EvaluateParams

STRENGTH = 0.001
"""scikit-learn's C: there are far more features than photos, so the probe is held back strongly."""


class Carriers(NamedTuple):
    """Label and group of each training photo, and by artefact (a column each) whether it looks as if it carried it."""

    rows: pd.DataFrame
    looks: pd.DataFrame


def find(
    drawn: pd.DataFrame,
    features: npt.NDArray[np.float32],
    matrix: npt.NDArray[np.float32],
    rows: pd.DataFrame,
    artefacts: Sequence[str],
) -> Carriers:
    """Ask a probe for each artefact about the training photos.

    Parameters
    ----------
    drawn, features : corruption of each of the audit's photos, and their features (photos, width).
    matrix, rows : features (photos, width) of the split's photos, and split, label and group of each; the training
        photos are asked about.
    artefacts : corruptions to look for; those of which no photo was drawn are left out.
    """
    part = (rows["split"] == "train").to_numpy()
    trained, looks = matrix[part], pd.DataFrame(index=rows.index[part])
    for name in artefacts:
        some = drawn["corruption"].isin([NONE, name]).to_numpy()
        carries = (drawn.loc[some, "corruption"] == name).to_numpy()
        if carries.any() and not carries.all():
            regression = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=500)
            probe = make_pipeline(StandardScaler(), regression).fit(features[some], carries)
            looks[name] = probe.predict(trained)
    return Carriers(rows.loc[part, ["label", "group"]], looks)


def excess(
    carriers: Carriers, artefact: str, label: str, settings: EvaluateParams, *, seed: int
) -> dict[str, float | None] | None:
    """The share of a class's training photos that look so, minus that of the other classes; None where unknown.

    The interval is by bootstrap over leakage groups.
    """
    own = (carriers.rows["label"] == label).to_numpy()
    if artefact not in carriers.looks or not own.any() or own.all():
        return None
    looks, groups = carriers.looks[artefact].to_numpy(dtype=bool), list(carriers.rows["group"])
    value, samples = float(looks[own].mean() - looks[~own].mean()), None
    if len(set(groups)) > 1:
        resamples = intervals.resample(groups, count=settings.bootstrap, seed=seed)
        samples = resamples.shares(looks, own) - resamples.shares(looks, ~own)
    return intervals.estimate(value, samples, confidence=settings.confidence)
