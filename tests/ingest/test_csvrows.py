import csv

import pytest

from lesionflow.errors import LesionflowError
from lesionflow.ingest import csvrows
from lesionflow.ingest.csvrows import CsvRow

SAVE = "  to do:    Save the file as UTF-8 (in a spreadsheet: CSV UTF-8)."


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "rows.csv"
        path.write_bytes(content)
        return path

    return write


def rows(path):
    return list(csvrows.read(path)[1])


def refusal(path):
    with pytest.raises(LesionflowError) as caught:
        rows(path)
    return str(caught.value).replace(str(path), "rows.csv")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_of_all_systems_are_alike(write, end):
    path = write(end.join([b"a,b", b"1,2", b"", b"3,4"]) + end)
    # The blank line 3 is no row, but counts.
    assert rows(path) == [CsvRow(2, {"a": "1", "b": "2"}), CsvRow(4, {"a": "3", "b": "4"})]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(write, mark):
    header, _ = csvrows.read(write(mark + b"a,b\n1,2\n"))
    assert header == ["a", "b"]


def test_a_cell_may_hold_line_ends_quotes_nul_and_formulas(write):
    path = write(b'a,b\n"x\r\ny\rz","=cmd(""x"")"\nn\0l,+1\n')
    # The first row spans the lines 2 (x), 3 (y) and 4 (z).
    assert rows(path) == [CsvRow(2, {"a": "x\r\ny\rz", "b": '=cmd("x")'}), CsvRow(5, {"a": "n\0l", "b": "+1"})]


def test_what_is_no_utf_8_is_named_by_byte_and_row(write):
    # "a" and a line end are 2 bytes, "é" and one 3 more, so that the odd byte after another "é" is number 7.
    assert refusal(write(b"a\n\xc3\xa9\n\xc3\xa9\xe9\n2\n")) == (
        f"rows.csv: not UTF-8\n  got:      byte 7: invalid continuation byte (row 3)\n{SAVE}"
    )


def test_rows_are_counted_over_line_ends_of_all_kinds(write):
    # Rows 1 to 3 end in CR, LF and CR LF; the byte stands in row 4, after 2 + 2 + 3 bytes.
    assert "byte 7: invalid start byte (row 4)" in refusal(write(b"a\r1\n2\r\n\xff\n"))


def test_the_byte_is_counted_with_the_byte_order_mark_and_the_row_with_carriage_returns(write):
    # 3 bytes of the mark, "a", CR, "1", CR, and then the byte.
    message = refusal(write(b"\xef\xbb\xbfa\r1\r\xff\r"))
    assert message.startswith("rows.csv: not UTF-8\n  got:      byte 7: invalid start byte (row 3)\n")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_other_encodings_are_refused_with_what_to_do(write, encoding):
    assert refusal(write("näme,b\n1,2\n".encode(encoding))).endswith(SAVE)


def test_utf_16_is_called_by_its_name(write):
    message = refusal(write("a,b\n1,2\n".encode("utf-16")))
    assert message == f"rows.csv: not UTF-8\n  got:      byte 0: UTF-16, by its byte order mark (row 1)\n{SAVE}"


def test_a_megabyte_in_a_cell_is_refused_with_its_row(write):
    assert refusal(write(b"a,b\n1,2\n3," + b"x" * 2**20 + b"\n")) == (
        "rows.csv: row 3\n"
        "  got:      field larger than field limit (131072)\n"
        "  expected: cells of at most 131,072 characters (is a quote not closed?)\n"
        "  to do:    Correct the row."
    )


def test_a_megabyte_in_the_header_is_refused_as_row_1(write):
    assert refusal(write(b"x" * 2**20)).startswith("rows.csv: row 1\n  got:      field larger than")


def test_a_cell_at_the_limit_passes(write):
    longest = "x" * csv.field_size_limit()
    assert rows(write(f"a\n{longest}\n".encode())) == [CsvRow(2, {"a": longest})]


def test_a_row_of_another_width_is_named(write):
    assert refusal(write(b'a,b\n"1\n1",2\n3\n')) == (
        "rows.csv: row 4\n  got:      1 cells\n  expected: 2, as in the header\n  to do:    Correct the row."
    )


def test_rows_come_before_the_file_is_read_to_its_end(write):
    _, found = csvrows.read(write(b"a\n1\n" + b"2\n" * 100_000 + b"\xff\n"))
    assert next(found) == CsvRow(2, {"a": "1"})
    with pytest.raises(LesionflowError, match=r"\(row 100003\)"):
        list(found)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(LesionflowError, match=r"not readable\n  got: .*Is a directory"):
        csvrows.read(tmp_path)


def test_a_path_with_nul_is_no_file(tmp_path):
    with pytest.raises(LesionflowError, match="not readable"):
        csvrows.read(tmp_path / "a\0b")
