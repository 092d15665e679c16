from itertools import chain

import pandas as pd
import pytest

from lesionflow.curate import decisions, proposals
from lesionflow.ingest import csvrows

A, B, C = (letter * 64 for letter in "abc")
LABELS = {"nevus", "melanoma", 'odd, "label"'}


def pairs(*rows):
    return pd.DataFrame(rows, columns=["sha256_a", "sha256_b", "relation"])


def collected(tmp_path, found):
    """The decisions that a file of these proposals makes."""
    path = tmp_path / "decisions.csv"
    path.write_text("\n".join([proposals.HEADER, *(rows for _, rows in found)]) + "\n")
    return decisions.collect(path, *csvrows.read(path), LABELS)


def test_a_joined_pair_can_be_parted_or_kept_whole(tmp_path):
    found = proposals.for_pairs(pairs((A, B, "duplicate"), (A, C, "same_scene"), (B, C, "different")))
    apart, both = found[A, B]
    assert collected(tmp_path, [apart]).not_duplicate == {(A, B)}
    assert collected(tmp_path, [both]).keep_both == {(A, B)}
    assert [when for when, _ in found[A, C]] == ["They show different things"]
    assert (B, C) not in found  # somebody decided already


def conflict(*rows):
    return pd.DataFrame(rows, columns=["sha256", "label"]).assign(reason="conflicting_labels", cluster=A)


def test_of_a_conflict_each_label_can_be_right_the_most_frequent_first(tmp_path):
    rows = conflict((A, "nevus"), (B, "nevus"), (C, "melanoma"))
    nevus, melanoma, apart = proposals.for_clusters(rows, pairs((A, B, "duplicate"), (B, C, "duplicate")))[A]
    assert [when for when, _ in (nevus, melanoma, apart)] == [
        "It is nevus", "It is melanoma", "They show different things",
    ]  # fmt: skip
    assert collected(tmp_path, [nevus]).labels == {C: "nevus"}
    assert collected(tmp_path, [melanoma]).labels == {A: "melanoma", B: "melanoma"}
    # A and B agree: only the pair over which the labels differ is parted.
    assert collected(tmp_path, [apart]).not_duplicate == {(B, C)}


def test_one_photo_under_two_labels_gets_one_of_them_and_cannot_be_parted(tmp_path):
    found = proposals.for_clusters(conflict((A, "nevus"), (A, 'odd, "label"')), pairs())[A]
    assert [collected(tmp_path, [proposal]).labels for proposal in found] == [{A: "nevus"}, {A: 'odd, "label"'}]


def test_rows_dropped_for_something_else_are_no_conflict():
    assert not proposals.for_clusters(conflict((A, "nevus")).assign(reason="near_duplicate"), pairs())


def suspects(*rows):
    return pd.DataFrame(rows, columns=["suggested", "kind", "rank"]).astype({"suggested": object}).assign(sha256=A)


@pytest.mark.parametrize("suggested", ["melanoma", None])
def test_a_photo_for_review_can_be_confirmed_relabelled_or_dropped(tmp_path, suggested):
    found = proposals.for_review(suspects((suggested, "label_error", 1)))[A]
    made = [collected(tmp_path, [proposal]) for proposal in found]
    assert set(chain.from_iterable(one.confirmed for one in made)) == {A}
    assert set(chain.from_iterable(one.dropped for one in made)) == {A}
    assert [one.labels for one in made if one.labels] == ([{A: suggested}] if suggested else [])


def test_of_several_suggestions_the_most_suspicious_counts(tmp_path):
    found = proposals.for_review(suspects(("nevus", "b", 2), (None, "off_topic", 1), ("melanoma", "a", 1)))[A]
    assert [when for when, _ in found] == ["The label is right", "It is melanoma", "It should not be used"]
