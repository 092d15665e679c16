import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.learn import subsets


def split_of(groups: list[tuple[str, list[int]]], part: str = "train") -> pd.DataFrame:
    """One row a photo: of each group its photos' classes."""
    rows = [(group, class_id) for group, class_ids in groups for class_id in class_ids]
    frame = pd.DataFrame(rows, columns=["group", "class_id"])
    return frame.assign(split=part, sha256=[f"{place:04x}" for place in range(len(frame))])


SPLITS = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=1, max_size=40).map(
    lambda groups: split_of([(f"g{place}", class_ids) for place, class_ids in enumerate(groups)])
)
SHARES = st.floats(0.01, 1)


@settings(deadline=None)
@given(SPLITS, SHARES, SHARES, st.integers(0, 5))
def test_a_smaller_share_lies_within_a_larger_one(split, one, other, seed):
    small, large = (subsets.of_training(split, share=share, seed=seed) for share in sorted((one, other)))
    assert not (small & ~large).any()


@settings(deadline=None)
@given(SPLITS, SHARES, st.integers(0, 5))
def test_groups_stay_whole_and_every_class_keeps_a_photo(split, share, seed):
    taken = subsets.of_training(split, share=share, seed=seed)
    assert split[taken]["group"].isin(split[~taken]["group"]).sum() == 0
    assert set(split[taken]["class_id"]) == set(split["class_id"])


@settings(deadline=None)
@given(SPLITS, st.integers(0, 5))
def test_the_whole_share_is_every_training_photo(split, seed):
    assert subsets.of_training(split, share=1.0, seed=seed).all()


def test_classes_keep_their_shares():
    # Groups of one photo: a quarter of 40 and of 8 photos are 10 and 2; of 3 photos 0.75, so one.
    split = split_of([(f"g{place}", [class_id]) for place, class_id in enumerate([0] * 40 + [1] * 8 + [2] * 3)])
    taken = subsets.of_training(split, share=0.25, seed=1)
    assert split[taken]["class_id"].value_counts().to_dict() == {0: 10, 1: 2, 2: 1}


def test_of_large_groups_as_many_are_taken_as_come_nearest():
    # Three groups of 4: a half is 6 photos, equally far from 4 and 8; the smaller count is taken.
    split = split_of([(name, [0] * 4) for name in "abc"])
    assert subsets.of_training(split, share=0.5, seed=0).sum() == 4


def test_validation_and_test_are_never_trained_on():
    parts = [split_of([(f"{part}{place}", [0]) for place in range(5)], part) for part in ("train", "val", "test")]
    split = pd.concat(parts, ignore_index=True)
    taken = subsets.of_training(split, share=1.0, seed=0)
    assert np.flatnonzero(taken).tolist() == [0, 1, 2, 3, 4]


def test_another_seed_draws_other_groups():
    split = split_of([(f"g{place:02}", [0]) for place in range(40)])
    drawn = [subsets.of_training(split, share=0.25, seed=seed).tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
