import itertools

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from lesionflow import tables
from lesionflow.curate import candidates, duplicates, evidence
from lesionflow.curate.decisions import Decisions
from lesionflow.sample import plant
from tests.curate.pair_photos import DUPLICATE, NO_GROUPS, SEARCH, drawn
from tests.curate.pair_photos import tables as seen

COPIES = plant.NEAR_COPIES | {
    "crop_30": lambda photo: photo.crop((38, 28, 218, 164)),
    "rotated_10": lambda photo: photo.rotate(10, Image.Resampling.BICUBIC, expand=True),
    "flipped": ImageOps.flip,
    "border_10": lambda photo: ImageOps.expand(photo, border=26, fill="black"),
}
OTHERS = range(1, 6)


def left_upper(photo):
    return photo.crop((0, 0, 179, 134))


def right_lower(photo):
    return photo.crop((77, 58, 256, 192))


def search(pictures):
    """The pairs that a run over these photos finds, written and read on the way as the stages do."""
    fingerprints, features = seen(pictures)
    proposed = candidates.propose(fingerprints, features, NO_GROUPS, SEARCH)
    return duplicates.confirmed(evidence.with_cached(proposed, features, tables.PAIR_EVIDENCE.empty()), DUPLICATE)


@pytest.fixture(scope="module")
def found():
    """The pairs of one photo, its copies, other photos, and two crops of one of these."""
    pictures = {"photo": drawn(0)} | {name: change(drawn(0)) for name, change in COPIES.items()}
    pictures |= {f"other_{number}": drawn(number) for number in OTHERS}
    pictures |= {"part_1": left_upper(drawn(2)), "part_2": right_lower(drawn(2))}
    return search(pictures).set_index(["sha256_a", "sha256_b"])


@pytest.mark.parametrize("name", COPIES)
def test_a_changed_copy_is_confirmed_as_a_duplicate(found, name):
    assert found["relation"].get(tuple(sorted(("photo", name)))) == "duplicate"


def test_photos_of_different_lesions_are_not_confirmed(found):
    shown = {"photo": 0} | dict.fromkeys(COPIES, 0) | {f"other_{number}": number for number in OTHERS}
    shown |= {"part_1": 2, "part_2": 2}
    assert {(a, b) for a, b in found.index if shown[a] != shown[b]} == set()


def test_two_parts_of_one_photo_show_the_same_scene_and_each_is_a_duplicate_of_the_whole(found):
    # Of 70 % of either side from opposite corners, 40 of 70 are common either way: (4 / 7) ** 2 = 0.33 of the area.
    parts = found.loc[("part_1", "part_2")]
    assert parts["relation"] == "same_scene"
    assert parts["overlap"] == pytest.approx(0.33, abs=0.02)
    assert found.loc[("other_2", "part_1"), "relation"] == "duplicate"
    assert found.loc[("other_2", "part_2"), "relation"] == "duplicate"


@pytest.mark.parametrize(
    ("name", "words"), [("mirrored", "mirrored"), ("flipped", "mirrored, rotated 180°"), ("brighter", "same")]
)
def test_the_transform_is_told(found, name, words):
    assert found.loc[tuple(sorted(("photo", name))), "transform"] == words


def test_a_quarter_turn_is_told_with_its_direction(found):
    # From the photo to the copy, counter-clockwise.
    assert found.loc[("photo", "rotated_90"), "transform"].startswith("rotated 90°")


def test_a_smooth_photo_without_keypoints_is_found_by_its_frame():
    levels = np.random.default_rng(3).uniform(60, 200, (4, 5)).astype(np.uint8)
    smooth = Image.fromarray(levels).resize((300, 225), Image.Resampling.BICUBIC)
    pairs = search({"a": smooth, "b": smooth.transpose(Image.Transpose.ROTATE_90), "c": drawn(1)})
    assert pairs[["sha256_a", "sha256_b", "relation", "inliers"]].to_numpy().tolist() == [["a", "b", "duplicate", 0]]


@pytest.mark.parametrize(
    "pictures",
    [
        {},
        {"a": drawn(0)},
        {"a": drawn(0), "b": drawn(1)},
        {name: Image.new("RGB", (300, 225), (120, 90, 80)) for name in "abc"},
        {"a": Image.new("RGB", (1, 1)), "b": Image.new("RGB", (1, 3000)), "c": Image.new("RGB", (3000, 1))},
    ],
    ids=["none", "one", "two different", "flat", "thin"],
)
def test_where_nothing_is_repeated_there_are_no_pairs(pictures, tmp_path):
    # Without photos, the columns are those of others.
    fingerprints, features = (table[: len(pictures)] for table in seen(pictures or {"a": drawn(0)}))
    proposed = candidates.propose(fingerprints, features, NO_GROUPS, SEARCH)
    stored = evidence.with_cached(proposed, features, tables.PAIR_EVIDENCE.empty())
    tables.write(stored, tmp_path / "evidence.parquet", tables.PAIR_EVIDENCE)
    pairs = duplicates.confirmed(tables.read(tmp_path / "evidence.parquet", tables.PAIR_EVIDENCE), DUPLICATE)
    tables.write(pairs, tmp_path / "pairs.parquet", tables.DUPLICATE_PAIRS)
    assert len(pairs) == 0


# Thresholds


def row(**changed):
    plain = {
        "sha256_a": "a", "sha256_b": "b", "mirrored": False, "turn": -1, "version": 1, "candidate_by": "words",
        "inliers": 6, "matrix": np.array([1, 0, 0, 0, 1, 0]), "agreement": 0.75,
        "overlap_a": 1.0, "overlap_b": 0.5, "contained_a": 0.5, "contained_b": 0.975,
    }  # fmt: skip
    return plain | changed


def confirmed(*rows):
    return duplicates.confirmed(pd.DataFrame(rows), DUPLICATE)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ["duplicate"]),  # at the threshold of each
        ({"inliers": 5}, []),
        ({"agreement": 0.7499}, []),
        ({"inliers": 5, "agreement": 0.99}, []),
        ({"inliers": 0, "agreement": 0.85}, ["duplicate"]),
        ({"inliers": 0, "agreement": 0.8499}, []),
        ({"overlap_a": 0.25, "overlap_b": 0.1}, ["duplicate"]),
        ({"overlap_a": 0.1, "overlap_b": 0.25}, ["duplicate"]),
        ({"overlap_a": 0.2499, "overlap_b": 0.1}, []),
        ({"contained_b": 0.9749}, ["same_scene"]),
        ({"contained_a": 0.975, "contained_b": 0.1}, ["duplicate"]),
    ],
)
def test_each_threshold_itself_suffices_and_less_does_not(changed, expected):
    assert confirmed(row(**changed))["relation"].tolist() == expected


def test_the_hypothesis_that_agrees_best_stands_for_its_pair():
    rows = [
        row(agreement=0.8, contained_b=0.1, candidate_by="words"),
        row(agreement=0.9, mirrored=True, candidate_by="hash"),
        row(agreement=0.95, inliers=5),  # not confirmed
    ]
    for order in itertools.permutations(rows):
        pairs = confirmed(*order)
        told = pairs[["relation", "candidate_by", "agreement", "transform", "overlap"]].to_numpy().tolist()
        assert told == [["duplicate", "hash", 0.9, "mirrored", 1.0]]


def test_whole_frames_that_agree_little_better_do_not_put_aside_what_the_keypoints_confirm():
    # By keypoints 0.80, enough; frame on frame 0.81, too little for a pair without keypoints.
    assert confirmed(row(agreement=0.8), row(turn=0, inliers=0, agreement=0.81))["agreement"].tolist() == [0.8]


def test_pairs_stand_apart():
    assert confirmed(row(), row(sha256_b="c"), row(sha256_a="b", sha256_b="c"))["sha256_b"].tolist() == ["b", "c", "c"]


# Decisions


PAIRS = confirmed(row(), row(sha256_b="c"), row(sha256_b="d"))


def relations(decisions, present="abcdef"):
    table = duplicates.decided(PAIRS, decisions, set(present))
    return dict(zip(zip(table["sha256_a"], table["sha256_b"], strict=True), table["relation"], strict=True))


def test_without_decisions_pairs_stay_as_they_are():
    pd.testing.assert_frame_equal(duplicates.decided(PAIRS, Decisions(), set("abcd")), PAIRS)


def test_decided_pairs_have_the_relation_that_a_person_gave_them():
    decisions = Decisions(not_duplicate=frozenset({("a", "b")}), keep_both=frozenset({("a", "c")}))
    assert relations(decisions) == {("a", "b"): "different", ("a", "c"): "same_scene", ("a", "d"): "duplicate"}


def test_a_pair_told_apart_is_kept_though_the_search_does_not_propose_it(tmp_path):
    decisions = Decisions(not_duplicate=frozenset({("e", "f"), ("e", "x")}))
    table = duplicates.decided(PAIRS, decisions, set("abcdef"))
    added = table[table["candidate_by"] == "decision"]
    # x is no photo of this run.
    assert added[["sha256_a", "sha256_b", "relation", "inliers"]].to_numpy().tolist() == [["e", "f", "different", 0]]
    tables.write(table, tmp_path / "pairs.parquet", tables.DUPLICATE_PAIRS)
    assert len(tables.read(tmp_path / "pairs.parquet", tables.DUPLICATE_PAIRS)) == 4


def test_decisions_stand_where_the_search_found_nothing(tmp_path):
    decisions = Decisions(not_duplicate=frozenset({("a", "b")}))
    table = duplicates.decided(PAIRS[:0], decisions, {"a", "b"})
    tables.write(table, tmp_path / "pairs.parquet", tables.DUPLICATE_PAIRS)
    assert table["relation"].tolist() == ["different"]
