import pandas as pd
import pytest
from pydantic import ValidationError

from lesionflow.curate import split_summary, splitting
from lesionflow.curate.settings import SplitParams
from lesionflow.errors import LesionflowError
from tests.curate.split_rows import CLASSES, NO_LEDGER, SHARES, curated, ledger


def settings(**changes):
    return SplitParams(**(SHARES.model_dump() | changes))


def divide(rows, chosen, known=NO_LEDGER):
    return splitting.split(rows, CLASSES, chosen, seed=1, ledger=known)


def two_sources():
    rows = curated({"a": 100, "b": 100})
    rows.loc[rows["record_id"].str[1:].astype(int) >= 60, "source"] = "two"
    return rows


TWO_OUT = settings(scheme="leave_source_out", held_out_source="two")


def test_the_held_out_source_is_test_and_the_others_are_shared_out():
    table = divide(two_sources(), TWO_OUT).table
    assert (table["source"] == "two").equals(table["split"] == "test")
    # Of 60 photos a class, 0.15 / 0.85 = 17.6 % are val: 10.6, and 1.2 more or less.
    counts = table[table["split"] == "val"]["label"].value_counts()
    assert counts.between(10, 11).all()


def test_a_group_of_both_sources_goes_to_test_whole_and_is_counted():
    rows = two_sources()
    rows.loc[rows["record_id"].isin(["a0000", "a0001", "a0070"]), "group"] = "shared"
    found = divide(rows, TWO_OUT)
    assert set(found.table.loc[found.table["group"] == "shared", "split"]) == {"test"}
    assert split_summary.summarise(found, TWO_OUT)["held_out"] == {
        "source": "two",
        "groups_of_other_sources": 1,
        "photos_of_other_sources": 2,
        "classes_absent_from_test": [],
    }


def test_a_dropped_copy_of_the_held_out_source_takes_its_kept_copy_along():
    rows = two_sources()
    rows.loc[rows["record_id"].isin(["a0000", "a0070"]), "group"] = "copies"
    rows.loc[rows["record_id"] == "a0070", "verdict"] = "drop"
    table = divide(rows, TWO_OUT).table.set_index("record_id")
    assert table.loc["a0000", "split"] == "test"


def test_a_class_that_the_held_out_source_lacks_is_told_and_no_error():
    rows = two_sources()
    found = divide(rows[(rows["label"] == "a") | (rows["source"] == "one")], TWO_OUT)
    assert split_summary.summarise(found, TWO_OUT)["held_out"]["classes_absent_from_test"] == ["b"]


def test_a_class_of_the_held_out_source_alone_cannot_be_learned():
    rows = two_sources()
    with pytest.raises(LesionflowError, match=r"split: no photo of b in train") as told:
        divide(rows[(rows["label"] == "a") | (rows["source"] == "two")], TWO_OUT)
    assert "b in 0 leakage groups beside source two" in str(told.value)


def test_the_only_source_cannot_be_held_out():
    with pytest.raises(LesionflowError) as told:
        divide(curated({"a": 50, "b": 50}, source="two"), TWO_OUT)
    assert str(told.value) == (
        "split: source 'two' cannot be held out\n"
        "  got:      100 of 100 leakage groups hold photos of it; sources: two\n"
        "  expected: a source that is test, and groups of other sources to train on\n"
        "  to do:    Set curate.split.held_out_source in params.yaml to one of several sources, or scheme to shares."
    )


def test_an_unknown_source_is_answered_with_the_known_ones():
    with pytest.raises(LesionflowError, match="sources: one, two"):
        divide(two_sources(), settings(scheme="leave_source_out", held_out_source="three"))


def folds(rows, count=5):
    return [divide(rows, settings(scheme="folds", folds=count, fold=fold)).table for fold in range(count)]


def test_every_photo_is_test_in_one_fold_and_val_in_one():
    tables = folds(curated({"a": 100, "b": 57}, per_group=2))
    for part in ("test", "val"):
        photos = pd.concat([table.loc[table["split"] == part, "sha256"] for table in tables])
        assert len(photos) == photos.nunique() == 157


def test_the_val_of_a_fold_is_the_test_of_the_next():
    tables = folds(curated({"a": 100, "b": 57}), 3)
    for here, following in zip(tables, [*tables[1:], tables[0]], strict=True):
        assert set(here.loc[here["split"] == "val", "sha256"]) == set(
            following.loc[following["split"] == "test", "sha256"]
        )


def test_folds_hold_an_equal_share_of_each_class_and_no_group_crosses():
    for table in folds(curated({"a": 200, "b": 100}, per_group=2)):
        assert not table[["group", "split"]].drop_duplicates()["group"].duplicated().any()
        # A fifth of 200 and of 100, each 2 points more or less.
        counts = table.loc[table["split"] == "test", "label"].value_counts()
        assert 36 <= counts["a"] <= 44
        assert 18 <= counts["b"] <= 22


def test_more_folds_than_groups_is_an_error_that_names_the_class():
    rows = curated({"a": 100, "b": 40}, per_group=10)
    with pytest.raises(LesionflowError) as told:
        divide(rows, settings(scheme="folds", folds=5))
    assert str(told.value) == (
        "split: 5 folds of too few leakage groups\n"
        "  got:      b in 4 leakage groups\n"
        "  expected: every kept class in at least 5 groups, so that each fold has some\n"
        "  to do:    Lower curate.split.folds, or raise curate.classes.min_groups in params.yaml."
    )


def test_as_many_folds_as_groups_put_one_group_in_each():
    tables = folds(curated({"a": 50, "b": 50}, per_group=10))
    assert [set(table.loc[table["split"] == "test", "label"].value_counts()) for table in tables] == [{10}] * 5


@pytest.mark.parametrize("scheme", [{"scheme": "folds"}, {"scheme": "leave_source_out", "held_out_source": "two"}])
def test_frozen_parts_bind_the_shares_alone(scheme):
    rows, chosen = two_sources(), settings(**scheme)
    known = ledger(**dict.fromkeys(rows["record_id"], "train"))
    found = divide(rows, chosen, known)
    assert found.table.equals(divide(rows, chosen).table)
    assert len(found.frozen) == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train": 0.8}, "train, val and test that sum to 1"),
        ({"scheme": "leave_source_out"}, "held_out_source: the name of a source"),
        ({"scheme": "folds", "folds": 4, "fold": 4}, "fold: 0 to 3, for 4 folds"),
        ({"scheme": "folds", "folds": 2}, "greater than or equal to 3"),
        ({"scheme": "random"}, "'shares', 'leave_source_out' or 'folds'"),
    ],
)
def test_settings_that_fit_no_scheme_are_refused(changes, said):
    with pytest.raises(ValidationError, match=said):
        settings(**changes)


def test_shares_asked_of_the_parts_follow_the_scheme():
    assert SHARES.asked() == {"train": 0.7, "val": 0.15, "test": 0.15}
    assert settings(scheme="folds", folds=4).asked() == {"train": 0.5, "val": 0.25, "test": 0.25}
    # 0.7 / 0.85 and 0.15 / 0.85 of what is not held out.
    assert TWO_OUT.asked() == pytest.approx({"train": 0.823529, "val": 0.176471}, abs=1e-6)
