import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.curate import splitting
from lesionflow.errors import LesionflowError
from tests.curate.split_rows import CLASSES, NO_LEDGER, SHARES, curated


def divide(rows, classes=CLASSES, seed=1):
    return splitting.split(rows, classes, SHARES, seed=seed, ledger=NO_LEDGER).table


def test_shares_of_each_class_are_those_asked_for_within_two_points():
    table = divide(curated({"a": 100, "b": 200, "c": 50}))
    assert set(table["label"]) == {"a", "b"}
    shares = pd.crosstab(table["label"], table["split"], normalize="index")
    assert ((shares - pd.Series(SHARES.asked())).abs() <= 0.02 + 1e-9).all(axis=None)


def test_merged_classes_are_split_under_their_parents_name():
    classes = CLASSES.assign(label=["a", "b", "b2"], becomes=["a", "b", "b"], verdict=["keep", "keep", "merge"])
    table = divide(curated({"a": 100, "b": 100, "b2": 40}), classes)
    assert table["label"].value_counts().to_dict() == {"a": 100, "b": 140}
    assert set(table.loc[table["sha256"].str.startswith("sb2"), "class_id"]) == {1}


@settings(max_examples=40, deadline=None)
@given(st.integers(40, 150), st.integers(40, 150), st.integers(1, 3), st.integers(0, 9))
def test_every_photo_has_one_part_and_no_group_crosses(first, second, per_group, seed):
    table = divide(curated({"a": first, "b": second}, per_group), seed=seed)
    assert len(table) == first + second
    assert not table[["group", "split"]].drop_duplicates()["group"].duplicated().any()


def test_growth_moves_no_photo_of_a_class_that_has_its_shares_by_the_places_alone():
    # 4,000 photos: 2 points are more than 3 standard deviations of a share, so no group is moved for the shares' sake.
    before = divide(curated({"a": 4000, "b": 4000})).set_index("sha256")["split"]
    after = divide(curated({"a": 4800, "b": 4200})).set_index("sha256")["split"]
    assert after[before.index].equals(before)


def test_growth_moves_few_photos_of_a_small_class():
    before = divide(curated({"a": 200, "b": 200})).set_index("sha256")["split"]
    after = divide(curated({"a": 210, "b": 210})).set_index("sha256")["split"]
    assert (after[before.index] != before).mean() < 0.03


def test_a_group_of_two_labels_stays_whole_and_counts_for_both():
    rows = curated({"a": 60, "b": 60})
    rows.loc[rows["record_id"].isin(["a0000", "b0000"]), "group"] = "two"
    table = divide(rows)
    assert len(set(table.loc[table["group"] == "two", "split"])) == 1


def test_a_class_in_one_group_is_an_error_that_names_it():
    rows = curated({"a": 60, "b": 60})
    rows.loc[rows["label"] == "b", "group"] = "one"
    with pytest.raises(LesionflowError) as told:
        divide(rows)
    # The one group lies in one part; the first of the others is told.
    assert str(told.value) in [
        f"split: no photo of b in {part}\n"
        "  got:      b in 1 leakage groups (patients, lesions and copies that stay together)\n"
        "  expected: every kept class in train and val and test\n"
        "  to do:    Add photos of other patients, or raise curate.classes.min_images or min_groups in params.yaml."
        for part in ("train", "val")
    ]
