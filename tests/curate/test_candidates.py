import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from lesionflow.curate import candidates, evidence
from lesionflow.curate.hashes import TURNS
from tests.curate.pair_photos import NO_GROUPS, SEARCH, drawn, local, tables, turned

STRUCTURE = bytes(range(0, 256, 4)) * 64
UNLIKE = "f0f0f0f0f0f0f0f0", "00ff00ff00ff00ff"
"""Hashes at 32 bits from each other and from 0."""


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "1")


def prints(hashes, turned_hash=UNLIKE[0], thumbnail=STRUCTURE):
    """Fingerprints of photos with these hashes, whose turned variants resemble nothing."""
    rows = [
        {"sha256": f"{place:05d}", "phash": value, "phash_trimmed": value, "phash_turned": turned_hash * 7}
        for place, value in enumerate(hashes)
    ]
    return pd.DataFrame(rows).assign(thumbnail=[thumbnail] * len(rows))


def of_bits(*numbers):
    return [f"{number:016x}" for number in numbers]


def pairs(table, turn=-1):
    table = candidates.ordered(table)
    return set(table.loc[table["turn"] == turn, ["a", "b"]].itertuples(index=False, name=None))


# Hashes


@settings(deadline=None, max_examples=5)
@given(st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_the_hash_distance_itself_counts_and_one_bit_more_does_not(distance, seed):
    flipped = np.random.default_rng(seed).permutation(64)[: distance + 1]
    near, far = (sum(1 << int(bit) for bit in flipped[:count]) for count in (distance, distance + 1))
    search = SEARCH.model_copy(update={"hash_distance": distance})
    assert pairs(candidates.hash_pairs(prints(of_bits(0, near)), search)) == {(0, 1)}
    assert pairs(candidates.hash_pairs(prints(of_bits(0, far)), search)) == set()


@pytest.mark.parametrize("place", range(len(TURNS)), ids=TURNS)
@pytest.mark.parametrize("names", ["ab", "ba"])
def test_a_turned_copy_is_proposed_with_the_turn_that_lays_it_on(place, names):
    mirrored, turn = "mirrored" in TURNS[place], (place + 1) % 4
    pictures = dict(zip(names, (drawn(1), turned(drawn(1), mirrored, turn)), strict=True))
    found = candidates.propose(*tables(pictures), NO_GROUPS, SEARCH)
    ways = found.loc[found["turn"] >= 0, ["sha256_a", "sha256_b", "mirrored", "turn"]]
    assert len(ways) == 1
    row = ways.iloc[0]
    assert (row["sha256_a"], row["sha256_b"]) == ("a", "b")
    laid = evidence.found(local(pictures["a"]), local(pictures["b"]), mirrored=row["mirrored"], turn=row["turn"])
    assert laid["inliers"] == 0
    assert laid["agreement"] >= 0.9
    # And for the keypoints to say, without a turn.
    assert ((found["turn"] == -1) & (found["mirrored"] == mirrored)).any()


def test_every_turn_under_which_hashes_are_near_is_proposed():
    # Both hashes and all seven turned ones are 0: eight ways to lay one on the other, and two of the keypoints.
    found = candidates.ordered(candidates.hash_pairs(prints(of_bits(0, 0), turned_hash="0" * 16), SEARCH))
    expected = [(mirrored, turn) for mirrored in (False, True) for turn in range(-1, 4)]
    assert list(found[["mirrored", "turn"]].itertuples(index=False, name=None)) == expected


def test_a_framed_copy_is_proposed_by_what_its_border_frames():
    pictures = {"a": drawn(1), "b": ImageOps.expand(drawn(1), border=30, fill="white")}
    found = candidates.hash_pairs(tables(pictures)[0], SEARCH)
    assert (0, 1) in pairs(found)


@pytest.mark.parametrize("thumbnail", [b"", bytes([90]) * 4096, bytes([90, 91]) * 2048])
def test_flat_and_unreadable_photos_propose_nothing(thumbnail):
    # Levels of 90 and 91 deviate by 0.5, less than FLAT.
    hashes = [""] * 3 if thumbnail == b"" else of_bits(0, 0, 0)
    table = prints(hashes, turned_hash="" if thumbnail == b"" else UNLIKE[0], thumbnail=thumbnail)
    assert len(candidates.hash_pairs(table, SEARCH)) == 0


def test_rows_of_flat_photos_do_not_shift_the_others():
    table = prints([UNLIKE[1], *of_bits(0, 0, 1)])
    table.loc[[0, 1], "thumbnail"] = [bytes([90]) * 4096] * 2
    assert pairs(candidates.hash_pairs(table, SEARCH)) == {(2, 3)}


def test_a_photo_is_held_against_its_nearest_only():
    # From 0: one, two and three bits away. The nearest of 0 is 1 bit away; of 0b111 it is 0b11, of 0b11 0b1 and 0b111
    # (1 bit each), of which the smaller row stands.
    search = SEARCH.model_copy(update={"neighbours": 1})
    assert pairs(candidates.hash_pairs(prints(of_bits(0, 1, 3, 7)), search)) == {(0, 1), (1, 2), (2, 3)}


def test_thousands_of_photos_with_one_hash_enter_the_search_as_a_few_and_are_all_joined(monkeypatch):
    count, sizes, index = 3000, [], candidates._index
    monkeypatch.setattr(candidates, "_index", lambda photos: sizes.append(photos) or index(photos))
    found = candidates.hash_pairs(prints(of_bits(0) * count), SEARCH)
    # The 20 neighbours of any photo are the first 20, or the first 21 without itself.
    assert max(sizes) == SEARCH.neighbours + 1
    straight = found[found["turn"] == 0]
    assert (straight.groupby("a").size() == SEARCH.neighbours).all()
    assert straight["a"].nunique() == count
    assert set(straight["b"]) == set(range(SEARCH.neighbours + 1))


def by_definition(values, distance, neighbours):
    """Pairs of each number and its nearest, by distance and then by place."""
    found = set()
    for a, value in enumerate(values):
        gaps = sorted(((value ^ other).bit_count(), b) for b, other in enumerate(values) if b != a)
        found |= {(min(a, b), max(a, b)) for gap, b in gaps[:neighbours] if gap <= distance}
    return found


@settings(deadline=None, max_examples=8)
@given(st.lists(st.integers(0, 15), max_size=40), st.integers(0, 4), st.integers(1, 4))
def test_nearest_hashes_are_those_of_the_definition_even_among_equal_ones(values, distance, neighbours):
    search = SEARCH.model_copy(update={"hash_distance": distance, "neighbours": neighbours})
    table = prints(of_bits(*values)) if values else prints(of_bits(0))[:0]
    assert pairs(candidates.hash_pairs(table, search)) == by_definition(values, distance, neighbours)


def test_many_photos_are_searched_by_bands_which_find_the_same_pairs_up_to_7_bits(monkeypatch):
    rng = np.random.default_rng(2)
    values = [int(value) for value in rng.integers(0, 2**63, 150)]
    for value in values[:100]:
        flipped = rng.permutation(64)[: rng.integers(0, 10)]
        values.append(value ^ sum(1 << int(bit) for bit in flipped))
    search = SEARCH.model_copy(update={"hash_distance": 7})
    exact = pairs(candidates.hash_pairs(prints(of_bits(*values)), search))
    monkeypatch.setattr(candidates, "EXACT", 10)
    assert pairs(candidates.hash_pairs(prints(of_bits(*values)), search)) == exact
    assert len(exact) > 50


def test_very_many_photos_are_searched_by_whole_bands_which_find_the_same_pairs_up_to_3_bits(monkeypatch):
    rng = np.random.default_rng(3)
    values = [int(value) for value in rng.integers(0, 2**63, 60)]
    # Three bits touch three of the four bands at most; four bits, one in each, touch them all.
    within = [value ^ (1 << 3) ^ (1 << 20) ^ (1 << 40) for value in values]
    beyond = values[0] ^ (1 << 3) ^ (1 << 20) ^ (1 << 40) ^ (1 << 60)
    table = prints(of_bits(*values, *within, beyond))
    exact = pairs(candidates.hash_pairs(table, SEARCH.model_copy(update={"hash_distance": 4})))
    monkeypatch.setattr(candidates, "EXACT", 10)
    monkeypatch.setattr(candidates, "WIDE", 20)
    found = pairs(candidates.hash_pairs(table, SEARCH.model_copy(update={"hash_distance": 4})))
    assert exact - found == {(0, 120)}
    assert {(place, place + 60) for place in range(60)} <= found


def test_queries_in_pieces_find_the_same(monkeypatch):
    table = prints(of_bits(*range(20)))
    whole = candidates.hash_pairs(table, SEARCH)
    monkeypatch.setattr(candidates, "QUERIES", 7)
    assert pairs(candidates.hash_pairs(table, SEARCH)) == pairs(whole) != set()


def test_the_way_back_undoes_the_turn():
    # A quarter turn back is three; a half is its own way back, and so is every mirrored turn.
    table = pd.DataFrame(
        {"a": [5] * 5, "b": [1] * 5, "mirrored": [False, False, False, True, True], "turn": [0, 1, 2, 1, -1]}
    ).assign(candidate_by="hash")
    found = candidates.ordered(table)
    assert found[["a", "b", "mirrored", "turn"]].to_numpy().tolist() == [
        [1, 5, False, 0], [1, 5, False, 2], [1, 5, False, 3], [1, 5, True, -1], [1, 5, True, 1],
    ]  # fmt: skip


# All signals


@pytest.fixture(scope="module")
def some():
    pictures = {f"{place}": drawn(place) for place in range(4)}
    changes = {"x": drawn(0).crop((30, 20, 250, 185)), "w": turned(drawn(1), False, 1), "5": turned(drawn(2), True, 0)}
    return tables(pictures | changes)


def test_candidates_depend_on_the_set_of_photos_and_not_on_its_order(some):
    fingerprints, features = some
    groups = pd.Series({"3": "p", "x": "p"})
    expected = candidates.propose(fingerprints, features, groups, SEARCH)
    for seed in range(3):
        shuffled = (table.sample(frac=1, random_state=seed) for table in (fingerprints, features, groups))
        pd.testing.assert_frame_equal(candidates.propose(*shuffled, SEARCH), expected)
    assert (expected["sha256_a"] < expected["sha256_b"]).all()
    assert not expected.duplicated(["sha256_a", "sha256_b", "mirrored", "turn"]).any()
    keys = set(expected[["sha256_a", "sha256_b", "mirrored"]].itertuples(index=False, name=None))
    assert {("0", "x", False), ("1", "w", False), ("2", "5", True), ("3", "x", False)} <= keys


def test_the_first_of_hash_words_and_group_is_told(some):
    fingerprints, features = some
    groups = pd.Series({"1": "p", "w": "p", "0": "q", "x": "q"})
    found = candidates.propose(fingerprints, features, groups, SEARCH)
    told = found.set_index(["sha256_a", "sha256_b", "mirrored", "turn"])["candidate_by"]
    assert told[("1", "w", False, -1)] == "hash"
    assert told[("0", "x", False, -1)] == "words"


@pytest.mark.parametrize("count", [0, 1])
def test_of_no_photos_or_one_there_are_no_pairs(some, count):
    fingerprints, features = (table[:count] for table in some)
    assert len(candidates.propose(fingerprints, features, NO_GROUPS, SEARCH)) == 0


def test_photos_that_are_all_flat_propose_nothing():
    pictures = {name: Image.new("RGB", (300, 225), (level,) * 3) for name, level in zip("abc", (9, 9, 99), strict=True)}
    assert len(candidates.propose(*tables(pictures), NO_GROUPS, SEARCH)) == 0


# Groups


def test_all_photos_of_a_small_group_are_held_against_each_other():
    groups = pd.Series(["p", None, "q", "p", "p", "q"])
    assert pairs(candidates._group_pairs(groups)) == {(0, 3), (0, 4), (3, 4), (2, 5)}


@pytest.mark.parametrize(("photos", "expected"), [(30, 30 * 29 // 2), (31, 30)])
def test_a_large_group_is_a_chain(photos, expected):
    # 30 photos: all 435 pairs. One more: only 30 neighbours.
    assert len(candidates._group_pairs(pd.Series(["p"] * photos))) == expected


def test_a_photo_belongs_to_the_group_of_its_smallest_record():
    manifest = pd.DataFrame({"record_id": ["m:1", "m:2", "m:3", "m:4", "m:5"], "group": [None, "q", "p", "r", "s"]})
    ingested = pd.DataFrame({"record_id": ["m:3", "m:2", "m:1", "m:4", "m:5"], "sha256": ["x", "x", "x", None, "y"]})
    assert candidates.groups(manifest, ingested).to_dict() == {"x": "q", "y": "s"}
