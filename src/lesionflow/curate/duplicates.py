"""Which candidate pairs their pixels confirm, and as what: copies of one photo, or photos of one patch of skin."""

import numpy as np
import pandas as pd

from lesionflow.curate.decisions import Decisions
from lesionflow.curate.registration import Matrix
from lesionflow.curate.settings import DuplicatesParams

DUPLICATE, SAME_SCENE, DIFFERENT = "duplicate", "same_scene", "different"
KEY = ["sha256_a", "sha256_b"]


def confirmed(evidence: pd.DataFrame, settings: DuplicatesParams) -> pd.DataFrame:
    """Table duplicate_pairs: the pairs of table pair_evidence that their pixels confirm.

    A pair is confirmed when `min_inliers` places agree on one transform and the structure in the common part agrees to
    `min_agreement`, or, of photos without enough keypoints, when the whole frames agree to `min_frame_agreement`; and
    when the common part fills `min_overlap` of one frame at least. It is a "duplicate" when one frame lies within the
    other (`min_containment`), else the two only share a "same_scene".
    """
    registered = (evidence["inliers"] >= settings.min_inliers) & (evidence["agreement"] >= settings.min_agreement)
    whole = (evidence["inliers"] == 0) & (evidence["agreement"] >= settings.min_frame_agreement)
    enough = evidence[["overlap_a", "overlap_b"]].max(axis=1) >= settings.min_overlap
    found = evidence[(registered | whole) & enough].sort_values(
        [*KEY, "agreement", "inliers", "mirrored", "turn"], ascending=[True, True, False, False, True, True]
    )
    best = found.drop_duplicates(KEY).reset_index(drop=True)
    matrices = [np.asarray(matrix, dtype=float).reshape(2, 3) for matrix in best["matrix"]]
    within = best[["contained_a", "contained_b"]].max(axis=1) >= settings.min_containment
    return best[[*KEY, "candidate_by", "inliers", "agreement"]].assign(
        relation=np.where(within, DUPLICATE, SAME_SCENE),
        transform=[told(matrix, mirrored) for matrix, mirrored in zip(matrices, best["mirrored"], strict=True)],
        overlap=best[["overlap_a", "overlap_b"]].max(axis=1),
    )


def decided(pairs: pd.DataFrame, decisions: Decisions, present: set[str]) -> pd.DataFrame:
    """Table duplicate_pairs with the relations that people decided.

    A pair that is no duplicate is "different", so that no later search takes it for one; of a pair that is to be kept
    whole, both photos show the "same_scene"; and a photo and what it stands for are "duplicate". Such a pair stands in
    the table even when the search does not propose it.

    Parameters
    ----------
    present : the usable photos (sha256) of this run; decisions over others wait for them.
    """
    said = {(min(pair), max(pair)): DUPLICATE for pair in decisions.keep_one}
    said |= dict.fromkeys(decisions.keep_both, SAME_SCENE) | dict.fromkeys(decisions.not_duplicate, DIFFERENT)
    holds = {pair: relation for pair, relation in said.items() if present.issuperset(pair)}
    keys = list(zip(pairs["sha256_a"], pairs["sha256_b"], strict=True))
    relations = [holds.get(key, relation) for key, relation in zip(keys, pairs["relation"], strict=True)]
    found = pairs.assign(relation=np.array(relations, dtype=object))
    unseen = sorted(holds.keys() - set(keys))
    if not unseen:
        return found
    added = pd.DataFrame(unseen, columns=KEY, dtype=object).assign(relation=[holds[pair] for pair in unseen])
    added = added.assign(candidate_by="decision", transform="", inliers=0, agreement=0.0, overlap=0.0)
    return pd.concat([found, added], ignore_index=True)


def told(matrix: Matrix, mirrored: bool) -> str:
    """A transform in words.

    >>> import numpy as np
    >>> told(np.array([[1, 0, 0], [0, 1, 0]]), False)
    'same'
    >>> told(np.array([[0, 0.8, 0], [-0.8, 0, 90]]), True)
    'mirrored, rotated 90°, scaled 0.80'
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    angle = round(float(np.degrees(np.arctan2(-matrix[1, 0], matrix[0, 0])))) % 360
    parts = ["mirrored"] if mirrored else []
    parts += [f"rotated {angle}°"] if angle else []
    parts += [f"scaled {scale:.2f}"] if abs(scale - 1) >= 0.02 else []
    return ", ".join(parts) or "same"
