"""The galleries of curation: pairs that were joined, conflicts, dropped photos by reason, photos for review."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lesionflow.report import figures, shortlist, showing
from lesionflow.report.cards import Catalogue, card
from lesionflow.report.settings import GalleryParams
from lesionflow.report.showing import Group, Item, Rows, Section

RELATIONS = {
    "duplicate": ("Copies of one photo", "One photo of each cluster is kept, the others are dropped."),
    "same_scene": ("The same skin, seen twice", "Both photos are kept, in one leakage group, so in one split."),
    "different": ("Decided to be different", "Somebody decided that these neither are copies nor show the same skin."),
}
CONFLICT = "conflicting_labels"
COPIES = 8
"""Photos of a cluster that are shown."""


@dataclass(frozen=True)
class Told:
    """What curation says beyond its tables.

    Parameters
    ----------
    reasons : of dropping, in the order in which they are asked.
    evidence : by sha256, for photos dropped for something measured: evidence (words), excess (higher is clearer).
    pairs, clusters, review : rows of data/decisions.csv by both sha256 of a pair, by cluster, and by sha256.
    """

    reasons: Sequence[str]
    evidence: pd.DataFrame
    pairs: Mapping[tuple[str, str], Rows]
    clusters: Mapping[str, Rows]
    review: Mapping[str, Rows]


def sections(
    catalogue: Catalogue, pairs: pd.DataFrame, review: pd.DataFrame, told: Told, settings: GalleryParams
) -> list[Section]:
    """All that the page shows, strongest evidence first, ties in the order of sha256.

    Parameters
    ----------
    pairs, review : tables duplicate_pairs and review.
    """
    return [
        _joined(catalogue, pairs, told, settings),
        _conflicts(catalogue, told, settings),
        _dropped(catalogue, pairs, told, settings),
        _flagged(catalogue, review, told, settings),
    ]


def _joined(catalogue: Catalogue, pairs: pd.DataFrame, told: Told, settings: GalleryParams) -> Section:
    groups = []
    for relation, (name, intro) in RELATIONS.items():
        found = pairs[pairs["relation"] == relation].sort_values(
            ["agreement", "inliers", "sha256_a", "sha256_b"], ascending=[False, False, True, True]
        )
        shown, words = showing.cut(found, settings, graded=True)
        items = [_pair(catalogue, row, told) for row in shown.to_dict("records")]
        groups += [Group(name, len(found), intro, words, items)] if items else []
    intro = "Pairs that their pixels confirm. The first, transformed as said, looks like the second."
    return Section("joined", "Joined", intro, "No two photos were joined.", groups)


def _pair(catalogue: Catalogue, row: Any, told: Told) -> Item:
    names = str(row["sha256_a"]), str(row["sha256_b"])
    cards = [catalogue.photo(name) for name in names]
    facts = [("Proposed by", str(row["candidate_by"]))]
    if row["transform"]:  # else nobody compared their pixels
        facts = [
            ("Transform", str(row["transform"])),
            ("Inliers", f"{row['inliers']:,} places" if row["inliers"] else "none; the whole frames were compared"),
            ("Agreement", f"{row['agreement']:.3f}"),
            ("Overlap", figures.plain(row["overlap"])),
            *facts,
        ]
    instead = catalogue.kept_instead(names) if row["relation"] == "duplicate" else ""
    facts += [("Kept instead", instead)] if instead else []
    return Item(cards, facts, told.pairs.get(names, []))


def _conflicts(catalogue: Catalogue, told: Told, settings: GalleryParams) -> Section:
    rows = catalogue.rows[catalogue.rows["reason"] == CONFLICT]
    sizes = rows.groupby("cluster").size().rename("rows").reset_index()
    shown, words = showing.cut(sizes.sort_values(["rows", "cluster"], ascending=[False, True]), settings, graded=False)
    items = [_cluster(catalogue, rows[rows["cluster"] == name], str(name), told) for name in shown["cluster"]]
    intro = "Copies of one photo under different labels. None is used until somebody decides; the largest come first."
    groups = [Group("Clusters", len(sizes), "", words, items)] if items else []
    return Section("conflicts", "Conflicting labels", intro, "No copies have conflicting labels.", groups)


def _cluster(catalogue: Catalogue, copies: pd.DataFrame, name: str, told: Told) -> Item:
    # One photo of each label first, so that each label is seen.
    turn = copies.assign(turn=copies.groupby("label").cumcount()).sort_values(["turn", "label", "sha256"])
    names = list(dict.fromkeys(map(str, turn["sha256"])))
    labels = copies["label"].value_counts().sort_index().items()
    facts = [("Labels", ", ".join(f"{count:,} × {figures.words(str(label))}" for label, count in labels))]
    facts += [("Photos", f"{COPIES} of {len(names):,} shown")] if len(names) > COPIES else []
    return Item([catalogue.photo(photo) for photo in names[:COPIES]], facts, told.clusters.get(name, []))


def _dropped(catalogue: Catalogue, pairs: pd.DataFrame, told: Told, settings: GalleryParams) -> Section:
    rows = catalogue.rows[catalogue.rows["verdict"] == "drop"]
    joined = pairs[pairs["relation"] == "duplicate"]
    ends = pd.concat([joined[["agreement"]].assign(sha256=joined[end]) for end in ("sha256_a", "sha256_b")])
    agreement = ends.groupby("sha256")["agreement"].max()
    strength = rows["sha256"].map(told.evidence["excess"]).fillna(rows["sha256"].map(agreement)).fillna(0.0)
    rows = rows.assign(strength=strength.astype(float), evidence=rows["sha256"].map(told.evidence["evidence"]))
    occurring = set(rows["reason"])
    ordered = [*(reason for reason in told.reasons if reason in occurring), *sorted(occurring - set(told.reasons))]
    groups = [_reason(reason, rows[rows["reason"] == reason], settings) for reason in ordered]
    intro = "Each row that is not used has one reason, the first that holds in this order."
    return Section("dropped", "Dropped", intro, "Nothing was dropped.", groups)


def _reason(reason: str, rows: pd.DataFrame, settings: GalleryParams) -> Group:
    """A photo is shown once, however many rows it has."""
    photo = rows["sha256"].fillna(rows["record_id"]).astype(object)
    ordered = rows.assign(photo=photo).sort_values(["strength", "photo", "record_id"], ascending=[False, True, True])
    first = ordered.drop_duplicates("photo")
    shown, words = showing.cut(first, settings, graded=first["strength"].min() < first["strength"].max())
    of = dict(list(ordered[ordered["photo"].isin(set(shown["photo"]))].groupby("photo")))
    items = [Item([card(of[row["photo"]])], _why(row)) for row in shown.to_dict("records")]
    many = figures.count(len(rows), "row")
    intro = "" if len(first) == len(rows) else f"{many}, each photo once."
    return Group(figures.words(reason).capitalize(), len(first), intro, words, items)


def _why(row: Any) -> list[tuple[str, str]]:
    facts = [
        ("Why", row["evidence"]),
        ("Kept instead", row["kept_record_id"]),
        ("Why", row["failure"] if pd.isna(row["sha256"]) else None),
    ]
    return [(name, str(value)) for name, value in facts if value is not None and not pd.isna(value) and value]


def _flagged(catalogue: Catalogue, review: pd.DataFrame, told: Told, settings: GalleryParams) -> Section:
    kinds = [*shortlist.NAMES, *sorted(set(review["kind"]) - set(shortlist.NAMES))]
    groups = []
    for kind in kinds:
        found = review[review["kind"] == kind].sort_values(["rank", "sha256"])
        shown, words = showing.cut(found, settings, graded=False)
        items = [_suspect(catalogue, row, told) for row in shown.to_dict("records")]
        groups += [Group(shortlist.NAMES.get(kind, figures.words(kind)), len(found), "", words, items)] if items else []
    intro = (
        "Photos that a model doubts, the most suspicious first. None was dropped, and most may well be right. "
        "Judge a photo of the test split without the suggestion, or the test comes to favour models like that one."
    )
    return Section("review", "For review", intro, "No photo stands out.", groups)


def _suspect(catalogue: Catalogue, row: Any, told: Told) -> Item:
    shown = catalogue.photo(str(row["sha256"]))
    learned = [] if row["label"] in shown.labels else [("Learned as", figures.words(str(row["label"])))]
    suggested = [] if pd.isna(row["suggested"]) else [("Suggested", figures.words(str(row["suggested"])))]
    facts = [("Rank", f"{row['rank']:,}"), *learned, *suggested, ("Score", f"{row['score']:.3g}")]
    return Item([shown], [*facts, ("Why", str(row["evidence"]))], told.review.get(str(row["sha256"]), []))
