import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.tables import BYTES, MAYBE_WHOLE, TEXT, VECTOR, WHOLE, Table

SMALL = Table("small", ("name",), "make", {"name": TEXT, "count": WHOLE, "age": MAYBE_WHOLE})


def frame(**columns):
    return pd.DataFrame({"name": ["b", "a"], "count": [1, 2], "age": [None, 3]} | columns)


def test_rows_come_back_sorted_with_missing_whole_numbers_kept_whole(tmp_path):
    tables.write(frame(), tmp_path / "t.parquet", SMALL)
    found = tables.read(tmp_path / "t.parquet", SMALL)
    assert found["name"].tolist() == ["a", "b"]
    assert found["age"].tolist() == [3, pd.NA]


def test_row_order_does_not_change_the_bytes(tmp_path):
    tables.write(frame(), tmp_path / "one.parquet", SMALL)
    tables.write(frame()[::-1], tmp_path / "two.parquet", SMALL)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"name": ["a", "a"]}, "a unique key"),
        ({"name": [None, "a"]}, "no name at"),
        ({"count": ["x", "y"]}, "the types in tables.py"),
    ],
)
def test_a_broken_table_is_refused_and_not_written(tmp_path, columns, told):
    with pytest.raises(LesionflowError) as error:
        tables.write(frame(**columns), tmp_path / "t.parquet", SMALL)
    assert told in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(LesionflowError, match=r"also \['count'\]"):
        tables.write(frame().drop(columns="count"), tmp_path / "t.parquet", SMALL)


def test_a_missing_table_names_its_stage(tmp_path):
    with pytest.raises(LesionflowError, match="Run `dvc repro make`"):
        tables.read(tmp_path / "t.parquet", SMALL)


def test_another_table_is_refused_and_not_taken_for_a_cache(tmp_path):
    other = Table("other", ("name",), "make", {"name": TEXT})
    tables.write(frame(), tmp_path / "t.parquet", other)
    with pytest.raises(LesionflowError, match="not a table of small"):
        tables.read(tmp_path / "t.parquet", SMALL)
    assert tables.read_cached(tmp_path / "t.parquet", SMALL).empty


@given(st.lists(st.tuples(st.text(), st.binary(), st.lists(st.floats(width=32, allow_nan=False)))))
def test_any_text_bytes_and_vectors_come_back_as_they_were(tmp_path_factory, rows):
    table = Table("any", ("key",), "make", {"key": WHOLE, "text": TEXT, "bytes": BYTES, "vector": VECTOR})
    given_ = pd.DataFrame(
        {
            "key": range(len(rows)),
            "text": pd.Series([row[0] for row in rows], dtype=object),
            "bytes": pd.Series([row[1] for row in rows], dtype=object),
            "vector": pd.Series([row[2] for row in rows], dtype=object),
        }
    )
    path = tmp_path_factory.mktemp("any") / "t.parquet"
    tables.write(given_, path, table)
    found = tables.read(path, table)
    assert [(t, b, list(v)) for t, b, v in zip(found["text"], found["bytes"], found["vector"], strict=True)] == rows


def test_parts_make_the_table_of_their_rows(tmp_path):
    parts = [frame(), frame(name=["d", "c"])]
    tables.write_parts(parts, tmp_path / "t.parquet", SMALL)
    found = tables.read(tmp_path / "t.parquet", SMALL)
    assert found["name"].tolist() == ["a", "b", "c", "d"]
    assert found["age"].tolist() == [3, pd.NA, 3, pd.NA]
    assert tables.read(tmp_path / "t.parquet", SMALL, between=("b", "c"))["name"].tolist() == ["b", "c"]
    assert tables.read_cached(tmp_path / "t.parquet", SMALL, columns=["name"]).columns.tolist() == ["name"]


def test_no_parts_make_an_empty_table(tmp_path):
    tables.write_parts([], tmp_path / "t.parquet", SMALL)
    assert tables.read(tmp_path / "t.parquet", SMALL).empty


@pytest.mark.parametrize("second", [["b", "c"], ["a", "c"]])  # a key again, and one that comes before
def test_parts_out_of_order_are_refused_and_nothing_is_written(tmp_path, second):
    with pytest.raises(LesionflowError, match="parts out of order"):
        tables.write_parts([frame(), frame(name=second)], tmp_path / "t.parquet", SMALL)
    assert not list(tmp_path.iterdir())


def test_labels_stand_in_the_order_of_their_class_id():
    classes = pd.DataFrame(
        {
            "label": ["acne", "wart", "zoster"],
            "verdict": ["keep", "drop", "keep"],
            "class_id": pd.array([1, None, 0], dtype="Int64"),
        }
    )
    assert tables.labels_in_order(classes) == ["zoster", "acne"]


def test_malignant_labels_are_those_that_the_taxonomy_calls_so():
    classes = pd.DataFrame({"label": ["melanoma", "wart", "nevus"], "malignant": [True, False, False]})
    assert tables.malignant_labels(classes) == {"melanoma"}
