import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.curate import frozen, splitting
from lesionflow.errors import LesionflowError
from tests.curate.split_rows import CLASSES, NO_LEDGER, SHARES, curated, ledger

HEADER = "record_id,sha256,split\n"


def divide(rows, known):
    return splitting.split(rows, CLASSES, SHARES, seed=1, ledger=known)


def write(folder, text):
    path = folder / frozen.LEDGER
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_without_a_ledger_nothing_is_frozen(tmp_path):
    assert frozen.read(tmp_path).empty
    assert len(divide(curated({"a": 50, "b": 50}), frozen.read(tmp_path)).frozen) == 0


def test_a_ledger_is_read_as_it_was_written(tmp_path):
    known = ledger(a0000="test", **{"b,1": "train"})
    frozen.write(known, tmp_path)
    assert (tmp_path / "frozen/split.csv").read_text() == HEADER + 'a0000,sa0000,test\n"b,1","sb,1",train\n'
    assert frozen.read(tmp_path).to_numpy().tolist() == known.to_numpy().tolist()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a frozen split\n  got:      No columns to parse from file"),
        ("record_id,split\nx,test\n", "not a frozen split\n  got:      columns record_id, split"),
        (
            HEADER + "x,s,test\ny,t,exam\n",
            "row 3, column split\n  got:      'exam'\n  expected: one of test, val, train",
        ),
        (HEADER + "x,s,test\nx,t,test\n", "row 3, column record_id\n  got:      'x'\n  expected: each photo once"),
        (HEADER + "x,s,test\ny,s,val\n", "row 3, column sha256\n  got:      's'\n  expected: each photo once"),
        (HEADER + "x,s,test,more\ny,s\n", "not a frozen split"),
        (HEADER + "x,s\n", "row 2, column split"),
    ],
)
def test_a_damaged_ledger_is_refused_by_row(tmp_path, text, said):
    write(tmp_path, text)
    with pytest.raises(LesionflowError) as told:
        frozen.read(tmp_path)
    assert said in str(told.value)
    assert "remove the file to split anew" in str(told.value)


def test_photos_may_be_frozen_by_record_id_alone(tmp_path):
    write(tmp_path, HEADER + "a0000,,test\na0001,,test\n")
    assert frozen.parts(curated({"a": 3}), frozen.read(tmp_path)).tolist()[:2] == ["test", "test"]


def test_content_names_a_photo_and_its_record_id_where_the_content_is_new():
    known = pd.DataFrame(
        [("old name", "sa0", "test"), ("a0001", "gone", "val"), ("a0002", "sa3", "train")], columns=frozen.COLUMNS
    )
    # a0000 by content under a new name, a0001 by name with new content; a0002's name is frozen, and so is a0003's
    # content, by the same entry; a0004 not at all.
    found = frozen.parts(curated({"a": 5}), known)
    assert found.where(found.notna(), "").tolist() == ["test", "val", "train", "train", ""]


def test_a_new_copy_has_the_part_of_the_copy_that_it_replaces():
    rows = curated({"a": 3}).assign(cluster=["k", "k", None])
    assert frozen.parts(rows, ledger(a0000="test")).tolist()[:2] == ["test", "test"]
    # Trained on in one copy: trained on.
    rows = curated({"a": 3}).assign(cluster="k")
    assert frozen.parts(rows, ledger(a0000="test", a0001="train")).tolist() == ["test", "train", "train"]


def test_a_joined_group_goes_to_test_and_sets_aside_what_was_trained_on():
    rows = curated({"a": 60, "b": 60})
    known = frozen.frozen(divide(rows, NO_LEDGER).table, NO_LEDGER)
    of = {part: list(known.loc[known["split"] == part, "record_id"]) for part in ("train", "val", "test")}
    # Two of a's photos and a new one turn out to be one patient's: one was in train, one in test.
    trained, tested = of["train"][0], of["test"][0]
    grown = pd.concat([rows, curated({"a": 61}).iloc[60:]], ignore_index=True)
    grown.loc[grown["record_id"].isin([trained, tested, "a0060"]), "group"] = "joined"
    found = divide(grown, known)
    parts = found.table.set_index("record_id")["split"]
    assert (parts[tested], parts["a0060"]) == ("test", "test")
    assert trained not in parts
    assert (found.joined, found.set_aside) == (1, [trained])
    # Frozen again, the photo keeps its entry: it stays aside as long as the group is joined.
    again = frozen.frozen(found.table, known)
    assert again.set_index("record_id")["split"][[trained, "a0060"]].tolist() == ["train", "test"]
    assert divide(grown, again).set_aside == [trained]


def test_of_val_and_train_the_joined_group_goes_to_val():
    group = pd.Series(["g", "g", "h"])
    assert frozen.of_groups(group, pd.Series(["train", "val", None])).to_dict() == {"g": "val"}


def test_freezing_again_keeps_entries_of_photos_that_are_away():
    known = frozen.frozen(pd.DataFrame([("n", "s", "val")], columns=frozen.COLUMNS), ledger(m="test", n="train"))
    assert known.to_numpy().tolist() == [["m", "sm", "test"], ["n", "s", "val"]]


def test_photos_that_left_test_are_told():
    before = pd.DataFrame({"sha256": list("abcd"), "split": ["test", "test", "test", "val"]})
    after = pd.DataFrame({"sha256": list("abd"), "split": ["test", "train", "test"]})
    # b left for train; c is not used any more.
    assert frozen.left_test(before, after).startswith("note: 1 of 3 photos of the last run's test are in another part")
    assert frozen.left_test(before, before) == ""


GROWTH = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 150), st.integers(0, 150)), max_size=40)


@settings(max_examples=40, deadline=None)
@given(GROWTH, st.integers(1, 3), st.integers(0, 9))
def test_whatever_is_added_test_stays_in_test_and_nothing_leaks(added, per_group, seed):
    """New photos: of groups of their own, of a group that exists, or joining two groups that exist."""
    rows = curated({"a": 90, "b": 90}, per_group)
    before = splitting.split(rows, CLASSES, SHARES, seed=seed, ledger=NO_LEDGER).table
    known = frozen.frozen(before, NO_LEDGER)
    new = curated({label: 90 + len(added) for label in "ab"}, 1)
    new = new[new["record_id"].str[1:].astype(int) >= 90].reset_index(drop=True)
    names = rows["group"].tolist()
    grown = rows.copy()
    for number, (label, first, second) in enumerate(added):
        row = new[new["record_id"] == f"{label}{90 + number:04d}"].copy()
        row["group"] = f"new {number}" if first == second else names[first]
        if first < second:
            grown.loc[grown["group"] == names[second], "group"] = names[first]
            names = grown["group"].tolist()[: len(rows)]
            row["group"] = names[first]
        grown = pd.concat([grown, row], ignore_index=True)
    found = splitting.split(grown, CLASSES, SHARES, seed=seed, ledger=known)
    after = found.table.set_index("sha256")["split"]
    was = before.set_index("sha256")["split"]
    assert (after.reindex(was.index[was == "test"]) == "test").all()
    stays = after.reindex(was.index)
    assert ((stays == was) | stays.isna()).all()
    assert int(stays.isna().sum()) == len(found.set_aside)
    assert not found.table[["group", "split"]].drop_duplicates()["group"].duplicated().any()


@settings(max_examples=40, deadline=None)
@given(st.integers(50, 150), st.integers(1, 60), st.integers(0, 9))
def test_growth_beside_a_frozen_split_keeps_the_shares(count, more, seed):
    before = splitting.split(curated({"a": count, "b": count}), CLASSES, SHARES, seed=seed, ledger=NO_LEDGER)
    known = frozen.frozen(before.table, NO_LEDGER)
    grown = curated({"a": count + more, "b": count + more})
    table = splitting.split(grown, CLASSES, SHARES, seed=seed, ledger=known).table
    shares = pd.crosstab(table["label"], table["split"], normalize="index")
    assert ((shares - pd.Series(SHARES.asked())).abs() <= 0.02 + 1e-9).all(axis=None)
