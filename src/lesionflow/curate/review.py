"""Photos for a person to look at: labels that a model doubts, and photos unlike their class. Nothing is dropped.

This reads the labels of all photos, those of validation and test too. So it only makes a list for people: it selects
no model, and no stage that trains or measures reads it. Who relabels a test photo should judge it without the
suggestion, or the test comes to favour models that resemble this one.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from lesionflow import tables
from lesionflow.curate import outoffold, typicality
from lesionflow.curate.cells import inert
from lesionflow.curate.decisions import Decisions
from lesionflow.curate.settings import ReviewParams
from lesionflow.errors import LesionflowError

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
KINDS = ("label_error", "off_topic")


@dataclass(frozen=True)
class Suspects:
    """Of one kind: which photos could be judged (photos,), and the found ones.

    `found` has a row a suspect: position among the photos, suggested label or None, score, evidence.
    """

    judged: Flags
    found: pd.DataFrame


def review(
    split: pd.DataFrame,
    features: pd.DataFrame,
    settings: ReviewParams,
    *,
    seed: int,
    reviewed: Collection[str] = frozenset(),
) -> tuple[pd.DataFrame, dict[str, object]]:
    """Table review, and its counts for reports/review.json.

    Of each kind, the most suspicious `max_listed_share` of all photos are listed, at least one; the counts tell how
    many more were found, and of which classes photos could not be judged.

    Parameters
    ----------
    split, features : tables; features of one model.
    reviewed : sha256 of photos on which a person has decided. They count as evidence on others, but are not listed.

    Raises
    ------
    LesionflowError : a photo of the split has no features, or some that are NaN or infinite.
    """
    rows = split.sort_values("sha256", ignore_index=True)
    matrix = _matrix(rows, features)
    class_ids, groups = rows["class_id"].to_numpy(np.int64), pd.factorize(rows["group"])[0].astype(np.int64)
    names = rows.drop_duplicates("class_id").set_index("class_id")["label"].reindex(range(int(class_ids.max()) + 1))
    predicted = outoffold.predict(matrix, class_ids, groups, classes=len(names), folds=settings.folds, seed=seed)
    distances = typicality.relative_distances(matrix, class_ids, groups, neighbours=settings.neighbours)
    suspects = {
        "label_error": label_errors(predicted, class_ids, names.to_numpy(object)),
        "off_topic": off_topic(distances, settings.min_distance),
    }
    most = max(1, int(settings.max_listed_share * len(rows)))
    listed = [_listed(rows, kind, suspects[kind].found, reviewed, most) for kind in KINDS]
    counts = {kind: _counts(rows, suspects[kind], table, reviewed) for kind, table in zip(KINDS, listed, strict=True)}
    return pd.concat(listed, ignore_index=True), {"photos": len(rows), "kinds": counts}


def _matrix(rows: pd.DataFrame, features: pd.DataFrame) -> Reals:
    """Features (photos, width) in the order of `rows`."""
    vectors = rows["sha256"].map(features.set_index("sha256")["features"])
    if vectors.isna().any():
        raise LesionflowError(
            f"features: photo {rows.loc[vectors.isna(), 'sha256'].iloc[0]}",
            got=f"no features, as of {int(vectors.isna().sum())} photos",
            expected="features of every photo of the split",
            remedy="Run `dvc repro extract_features`.",
        )
    matrix = np.stack(vectors.to_list()).astype(np.float64)
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        raise LesionflowError(
            f"features: photo {rows['sha256'].iloc[int(finite.argmin())]}",
            got="NaN or infinity",
            expected="finite numbers",
            remedy="Run `dvc repro -f extract_features`.",
        )
    return matrix


def label_errors(predicted: outoffold.OutOfFold, class_ids: Wholes, labels: npt.NDArray[np.object_]) -> Suspects:
    """Photos for which a model that never saw them finds another label likelier than their own.

    The score is the out-of-fold probability of the photo's label (self-confidence; Northcutt, Jiang and Chuang 2021),
    the suggestion the likeliest label. So every mistake of the model is found, and the order says which to look at.

    Parameters
    ----------
    predicted : of all photos.
    class_ids : (photos,).
    labels : by class id.
    """
    judged = predicted.available
    truth, probabilities = class_ids[judged], predicted.probabilities[judged]
    if len(np.unique(truth)) < 2:  # then there is nothing to take a photo for
        return Suspects(np.zeros_like(judged), _found([], [], [], []))
    score = get_label_quality_scores(truth, probabilities)
    # Confident learning's own threshold, a class's mean probability, misses a third of clear errors where errors are
    # few (Gaussian classes), and passes 40 % of all photos where classes are hard to tell apart (milk10k).
    issue = find_label_issues(truth, probabilities, filter_by="predicted_neq_given", n_jobs=1)
    likeliest = probabilities.argmax(axis=1)
    names, suggested = labels[truth], labels[likeliest]
    evidence = [
        f"a model that never saw it: {there} {100 * chance:.1f} %, {here} {100 * own:.1f} %"
        for there, chance, here, own in zip(suggested, probabilities.max(axis=1), names, score, strict=True)
    ]
    return Suspects(
        judged,
        _found(np.flatnonzero(judged)[issue], suggested[issue], score[issue], np.array(evidence, object)[issue]),
    )


def off_topic(distances: Reals, min_distance: float) -> Suspects:
    """Photos at least `min_distance` times as far from their class as is usual there.

    The score is exp(-distance), as in cleanlab.outlier, but against the median of the class: 0.37 is usual.

    Parameters
    ----------
    distances : from `typicality.relative_distances`.
    """
    judged = np.isfinite(distances)
    far = np.flatnonzero(judged & (np.nan_to_num(distances) >= min_distance))
    evidence = [f"{times:.1f} times as far from its class as is usual there" for times in distances[far]]
    return Suspects(judged, _found(far, np.full(len(far), None), np.exp(-distances[far]), evidence))


def _found(
    position: npt.ArrayLike, suggested: npt.ArrayLike, score: npt.ArrayLike, evidence: npt.ArrayLike
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "position": np.asarray(position, dtype=np.int64),
            "suggested": np.asarray(suggested, dtype=object),
            "score": np.asarray(score, dtype=np.float64),
            "evidence": np.asarray(evidence, dtype=object),
        }
    )


def _listed(rows: pd.DataFrame, kind: str, found: pd.DataFrame, reviewed: Collection[str], most: int) -> pd.DataFrame:
    """Rows of table review of one kind, ranked; equal scores in the order of sha256."""
    suspects = found.join(rows[["sha256", "record_id", "label"]], on="position")
    waiting = suspects[~suspects["sha256"].isin(set(reviewed))].sort_values(["score", "sha256"], ignore_index=True)
    waiting = waiting.assign(kind=kind, rank=np.arange(1, len(waiting) + 1))
    return waiting.loc[: most - 1, list(tables.REVIEW.columns)]


def _counts(
    rows: pd.DataFrame, suspects: Suspects, listed: pd.DataFrame, reviewed: Collection[str]
) -> dict[str, object]:
    """Found is already reviewed, listed and left out together."""
    decided = int(rows["sha256"].iloc[suspects.found["position"]].isin(set(reviewed)).sum())
    skipped = rows.loc[~suspects.judged, "label"].value_counts().sort_index()
    return {
        "judged": int(suspects.judged.sum()),
        "found": len(suspects.found),
        "reviewed": decided,
        "listed": len(listed),
        "left_out": len(suspects.found) - decided - len(listed),
        "not_judged": {str(label): int(count) for label, count in skipped.items()},
    }


def reviewed(curated: pd.DataFrame, decisions: Decisions) -> set[str]:
    """Photos whose label a person has looked at, or that of a copy."""
    looked_at = curated["sha256"].isin(decisions.reviewed())
    copies = curated["cluster"].notna() & curated["cluster"].isin(set(curated.loc[looked_at, "cluster"].dropna()))
    return set(curated.loc[looked_at | copies, "sha256"])


def to_csv(table: pd.DataFrame) -> str:
    """The list as text for people: one kind after the other, by rank; identifiers and numbers only."""
    ordered = table.sort_values(["kind", "rank"])
    shown = ordered[["kind", "rank", "record_id", "label", "suggested", "score"]].assign(reason=ordered["evidence"])
    for name in ("record_id", "label", "suggested", "reason"):
        shown[name] = shown[name].map(inert, na_action="ignore")
    return shown.to_csv(index=False, float_format="%.4g", lineterminator="\n")
