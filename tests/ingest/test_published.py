import pytest

from lesionflow.errors import LesionflowError
from lesionflow.ingest import published
from lesionflow.ingest.csvrows import CsvRow
from lesionflow.ingest.mapping import SourceParams

BASIS = {
    "source": "s",
    "licence": "l",
    "join": "case",
    "columns": {"url": "photo", "label": "diagnosis", "group": "case"},
}
JOINING = SourceParams.model_validate(BASIS)
PHOTOS = "case,photo,unread\n1,a.jpg,u\n1,b.jpg,u\n2,c.jpg,u\n3,d.jpg,u\n,e.jpg,u\n"
LABELS = "unread,diagnosis,case\nv,mole,1\nv,mel,2\nv,odd,\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text)
        return [(tmp_path / f"{name}.csv").relative_to(tmp_path) for name in files]

    return write


def refusal(files, source=JOINING):
    with pytest.raises(LesionflowError) as caught:
        list(published.read(source, files).rows)
    return str(caught.value)


@pytest.mark.parametrize("order", [1, -1])
def test_files_in_any_order_are_one_table_in_the_order_of_the_photos(write, order):
    table = published.read(JOINING, write(photos=PHOTOS, labels=LABELS)[::order])
    # Case 3 has no label, and a photo without a case does not get that of the label without one.
    assert list(table.rows) == [
        CsvRow(2, {"case": "1", "photo": "a.jpg", "diagnosis": "mole"}),
        CsvRow(3, {"case": "1", "photo": "b.jpg", "diagnosis": "mole"}),
        CsvRow(4, {"case": "2", "photo": "c.jpg", "diagnosis": "mel"}),
        CsvRow(5, {"case": "3", "photo": "d.jpg", "diagnosis": ""}),
        CsvRow(6, {"case": "", "photo": "e.jpg", "diagnosis": ""}),
    ]
    assert table.place.cell(3, "label") == "photos.csv: row 3, column diagnosis of labels.csv"
    assert table.place.cell(3, "url") == "photos.csv: row 3, column photo"
    assert table.place.cell(3, "group") == "photos.csv: row 3, column case"


def test_one_file_needs_no_joining_column(write):
    files = write(all="case,photo,diagnosis\n1,a.jpg,mole\n")
    assert list(published.read(JOINING, files).rows) == [
        CsvRow(2, {"case": "1", "photo": "a.jpg", "diagnosis": "mole"})
    ]


def test_a_key_twice_with_other_cells_is_named_with_both_rows(write):
    assert refusal(write(photos=PHOTOS, labels=LABELS + "w,mel,1\n")) == (
        "labels.csv: row 5, column case\n"
        "  got:      '1', as in row 2, with other cells\n"
        "  expected: each once\n"
        "  to do:    Correct the row, or join by another column."
    )


def test_a_key_twice_that_says_the_same_is_one(write):
    files = write(photos=PHOTOS, labels=LABELS + "other,mole,1\n")
    assert len(list(published.read(JOINING, files).rows)) == 5


def test_several_files_without_a_join_are_refused(write):
    message = refusal(write(photos=PHOTOS, labels=LABELS), SourceParams.model_validate(BASIS | {"join": None}))
    assert message.startswith(
        "import: 2 files, photos.csv and labels.csv\n  expected: one, for the mapping joins none\n"
    )


def test_a_file_too_few_says_how_they_are_joined(write):
    assert refusal(write(photos=PHOTOS)) == (
        "photos.csv: row 1 (header)\n"
        "  got:      columns case, photo, unread\n"
        "  expected: case, diagnosis, photo, once each; not so: diagnosis\n"
        "  to do:    Give the metadata as s publishes it. All its files: they are joined by case."
    )


def test_a_column_that_two_files_have_is_ambiguous(write):
    message = refusal(write(photos="case,photo,diagnosis\n", labels=LABELS))
    assert "once each (case in every file); not so: diagnosis\n" in message


def test_the_joining_column_stands_in_every_file(write):
    assert "not so: case\n" in refusal(write(photos=PHOTOS, labels="diagnosis\nmole\n"))


def test_a_column_that_is_read_may_not_stand_twice(write):
    assert "not so: photo\n" in refusal(write(all="case,photo,diagnosis,photo\n1,a,mole,b\n"))


def test_a_column_that_is_not_read_may_stand_twice(write):
    files = write(all="case,photo,diagnosis,note,note\n1,a.jpg,mole,x,y\n")
    assert [row.cells["photo"] for row in published.read(JOINING, files).rows] == ["a.jpg"]


def test_an_optional_column_may_be_absent(write):
    columns = BASIS["columns"] | {"age": "years"}
    files = write(all="case,photo,diagnosis\n1,a.jpg,mole\n")
    assert "not so: years\n" in refusal(files, SourceParams.model_validate(BASIS | {"columns": columns}))
    source = SourceParams.model_validate(BASIS | {"columns": columns, "optional": ["years"]})
    assert len(list(published.read(source, files).rows)) == 1
