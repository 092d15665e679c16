"""Whether anything crosses train, validation and test: what is known to, and what a wider search still finds."""

import pandas as pd

from lesionflow.curate import candidates, duplicates, evidence
from lesionflow.curate.settings import CandidatesParams, DuplicatesParams
from lesionflow.errors import LesionflowError

WIDER = 3
"""Times as many neighbours of a photo are looked at as in curation."""
FURTHER = 4
"""Bits by which hashes may differ more."""
NAMED = 5
"""Crossing pairs named in the error."""


def wider_evidence(
    split: pd.DataFrame,
    fingerprints: pd.DataFrame,
    local_features: pd.DataFrame,
    settings: CandidatesParams,
    cached: pd.DataFrame,
) -> pd.DataFrame:
    """Table pair_evidence of the pairs that cross parts of table split, sought more widely than in curation."""
    wide = CandidatesParams(
        hash_distance=settings.hash_distance + FURTHER,
        neighbours=settings.neighbours * WIDER,
        min_word_score=settings.min_word_score / WIDER,
    )
    photos = split["sha256"]
    seen = fingerprints[fingerprints["sha256"].isin(photos)]
    described = local_features[local_features["sha256"].isin(photos)]
    # The groups are kept apart already, so that they propose nothing here.
    found = candidates.propose(seen, described, pd.Series(dtype=object), wide)
    part = split.set_index("sha256")["split"]
    crossing = found["sha256_a"].map(part) != found["sha256_b"].map(part)
    return evidence.with_cached(found[crossing].reset_index(drop=True), described, cached)


def crossing(pairs: pd.DataFrame, wider: pd.DataFrame, settings: DuplicatesParams) -> pd.DataFrame:
    """The pairs that the wider search confirms, in the columns of table duplicate_pairs.

    Parameters
    ----------
    pairs : table duplicate_pairs; what people called different is left out.
    wider : see `wider_evidence`.
    """
    found = duplicates.confirmed(wider, settings)
    different = pairs.loc[pairs["relation"] == duplicates.DIFFERENT, duplicates.KEY]
    decided = pd.MultiIndex.from_frame(found[duplicates.KEY]).isin(pd.MultiIndex.from_frame(different))
    return found[~decided].reset_index(drop=True)


def leakage(split: pd.DataFrame, pairs: pd.DataFrame, wider: pd.DataFrame, found: pd.DataFrame) -> dict[str, int]:
    """What crosses parts, for reports/leakage.json; each count that ends in `_crossing` must be 0.

    Parameters
    ----------
    found : see `crossing`.
    """
    part = split.set_index("sha256")["split"]
    joined = pairs[pairs["relation"] != duplicates.DIFFERENT]
    first, second = joined["sha256_a"].map(part), joined["sha256_b"].map(part)
    parts_of_group = split[["group", "split"]].drop_duplicates()["group"].value_counts()
    return {
        "groups": len(parts_of_group),
        "groups_crossing": int((parts_of_group > 1).sum()),
        "pairs_crossing": int((first.notna() & second.notna() & (first != second)).sum()),
        "wider_search_pairs": len(wider),
        "wider_search_crossing": len(found),
    }


def refuse(counts: dict[str, int], found: pd.DataFrame) -> None:
    """Raise when anything crosses.

    Raises
    ------
    LesionflowError : a group or a confirmed pair lies in two parts; the message names pairs of the wider search.
    """
    if counts["groups_crossing"] or counts["pairs_crossing"]:
        raise LesionflowError(
            "split: leakage",
            got=f"{counts['groups_crossing']} leakage groups and {counts['pairs_crossing']} known pairs of copies "
            "across train, val and test",
            expected="none",
            remedy="Run `dvc repro -f split`; if that does not help, tell the maintainers.",
        )
    if len(found):
        names = zip(found["sha256_a"].head(NAMED), found["sha256_b"].head(NAMED), strict=True)
        raise LesionflowError(
            "split: a wider search found copies that curation missed",
            got=f"{len(found)} pairs across train, val and test: {'; '.join(f'{a} and {b}' for a, b in names)}",
            expected="none",
            remedy="Raise curate.candidates.neighbours and hash_distance in params.yaml, so that curation looks at "
            "such pairs too; or say in data/decisions.csv what they are: keep_one, keep_both or not_duplicate.",
        )
