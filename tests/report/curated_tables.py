"""Small tables of curation, made by hand: what a test does not say has a plain value."""

import pandas as pd

from lesionflow import tables
from lesionflow.report import curation
from lesionflow.report.cards import Catalogue
from lesionflow.report.settings import GalleryParams


def photo(place):
    """The content hash of photo number `place`."""
    return f"{place:064x}"


def curated(*rows):
    """Table curated; each row says what differs from a kept nevus with photo 0, 1, ..."""
    plain = {"label": "nevus", "source": "atlas", "verdict": "keep", "reason": ""}
    plain |= dict.fromkeys(("cluster", "kept_record_id"))
    told = [{"record_id": f"m:{place:03}", "sha256": photo(place), **plain, **row} for place, row in enumerate(rows)]
    frame = pd.DataFrame(told, columns=[name for name in tables.CURATED.columns if name != "group"], dtype=object)
    return frame.assign(group=frame["record_id"])


def ingested(rows, **changes):
    """What the gallery reads of table ingested, for the rows of table curated."""
    told = {"licence": "CC-BY-4.0", "attribution": "A. Nobody", "reason": "", "detail": "", **changes}
    return rows[["record_id", "sha256"]].assign(**told)


def dropped(reason, **more):
    return {"verdict": "drop", "reason": reason, **more}


def pairs(*rows):
    """Table duplicate_pairs; each row says the numbers of its photos, and what differs from a mirrored copy."""
    plain = {"relation": "duplicate", "candidate_by": "hash", "transform": "mirrored", "inliers": 34}
    plain |= {"agreement": 0.9, "overlap": 1.0}
    told = [{"sha256_a": photo(a), "sha256_b": photo(b), **plain, **more} for a, b, more in rows]
    return pd.DataFrame(told, columns=list(tables.DUPLICATE_PAIRS.columns))


def review(*rows):
    """Table review; each row says the number of its photo, and what differs from a nevus that may be a melanoma."""
    plain = {"label": "nevus", "suggested": "melanoma", "kind": "label_error", "score": 0.0123}
    plain |= {"evidence": "melanoma 98.8 %"}
    told = [
        {"sha256": photo(place), "record_id": f"m:{place:03}", **plain, "rank": rank, **more}
        for rank, (place, more) in enumerate(rows, 1)
    ]
    return pd.DataFrame(told, columns=list(tables.REVIEW.columns))


def evidence(**excess):
    """Evidence by photo, named p<number>."""
    rows = {photo(int(name[1:])): {"evidence": f"beyond by {by}", "excess": by} for name, by in excess.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["evidence", "excess"])


def sections(rows, *, joined=None, suspects=None, measured=None, reasons=(), most=60, borderline=0, **told):
    """The four sections by slug."""
    says = {"pairs": {}, "clusters": {}, "review": {}, **told}
    says |= {"reasons": reasons, "evidence": evidence() if measured is None else measured}
    catalogue = Catalogue(rows, ingested(rows))
    settings = GalleryParams(most=most, borderline=borderline)
    joined, suspects = pairs() if joined is None else joined, review() if suspects is None else suspects
    found = curation.sections(catalogue, joined, suspects, curation.Told(**says), settings)
    return {section.slug: section for section in found}
