import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lesionflow.curate import splitting
from lesionflow.curate.settings import SplitParams
from lesionflow.errors import LesionflowError

SHARES = SplitParams(train=0.7, val=0.15, test=0.15)
CLASSES = pd.DataFrame(
    {
        "label": ["a", "b", "c"],
        "becomes": ["a", "b", None],
        "verdict": ["keep", "keep", "drop"],
        "class_id": [0, 1, None],
    }
)
NO_PAIRS = pd.DataFrame({"sha256_a": [], "sha256_b": []}, dtype=object)


def curated(counts, per_group=1):
    rows = [
        {"record_id": f"{label}{i:04d}", "sha256": f"s{label}{i}", "label": label, "group": f"{label}{i // per_group}"}
        for label, count in counts.items()
        for i in range(count)
    ]
    return pd.DataFrame(rows).assign(verdict="keep")


def test_shares_of_each_class_are_those_asked_for():
    table = splitting.split(curated({"a": 100, "b": 200, "c": 50}), CLASSES, SHARES, seed=1)
    assert set(table["label"]) == {"a", "b"}
    counts = table.groupby(["label", "split"]).size().to_dict()
    assert counts == {
        ("a", "test"): 15, ("a", "val"): 15, ("a", "train"): 70,
        ("b", "test"): 30, ("b", "val"): 30, ("b", "train"): 140,
    }  # fmt: skip


def test_merged_classes_are_split_under_their_parents_name():
    classes = CLASSES.assign(label=["a", "b", "b2"], becomes=["a", "b", "b"], verdict=["keep", "keep", "merge"])
    table = splitting.split(curated({"a": 100, "b": 100, "b2": 40}), classes, SHARES, seed=1)
    assert table["label"].value_counts().to_dict() == {"a": 100, "b": 140}
    assert set(table.loc[table["sha256"].str.startswith("sb2"), "class_id"]) == {1}


@given(st.integers(40, 150), st.integers(40, 150), st.integers(1, 3), st.integers(0, 9))
def test_every_photo_has_one_part_and_no_group_crosses(first, second, per_group, seed):
    table = splitting.split(curated({"a": first, "b": second}, per_group), CLASSES, SHARES, seed=seed)
    assert len(table) == first + second
    assert splitting.leakage(table, NO_PAIRS)["groups_crossing"] == 0


def test_growth_moves_few_photos():
    # 5 % more photos: only groups beside a cut may change their part.
    before = splitting.split(curated({"a": 200, "b": 200}), CLASSES, SHARES, seed=1).set_index("sha256")["split"]
    after = splitting.split(curated({"a": 210, "b": 210}), CLASSES, SHARES, seed=1).set_index("sha256")["split"]
    assert (after[before.index] != before).mean() < 0.05


def test_a_class_in_one_group_is_an_error_that_names_it():
    rows = curated({"a": 60, "b": 60})
    rows.loc[rows["label"] == "b", "group"] = "one"
    with pytest.raises(LesionflowError, match=r"no photo of b in") as told:
        splitting.split(rows, CLASSES, SHARES, seed=1)
    assert "b in 1 leakage groups" in str(told.value)


def test_leakage_counts_what_crosses():
    table = pd.DataFrame(
        {"sha256": list("wxyz"), "group": ["g", "g", "h", "i"], "split": ["train", "test", "val", "val"]}
    )
    pairs = pd.DataFrame({"sha256_a": ["w", "y", "w"], "sha256_b": ["y", "z", "gone"]})
    # Group g lies in train and test; of the pairs, w-y crosses, y-z does not, and of w-gone one photo is not used.
    found = splitting.leakage(table, pairs)
    assert found == {"groups": 3, "groups_crossing": 1, "pairs_crossing": 1}
    with pytest.raises(LesionflowError, match="leakage"):
        splitting.refuse_leakage(found)


def test_shares_that_do_not_sum_to_one_are_refused():
    with pytest.raises(ValidationError, match="sum to 1"):
        SplitParams(train=0.7, val=0.2, test=0.2)
