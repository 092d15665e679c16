import csv
import hashlib
import io

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.ingest import manifest

HEADER = "url,label,source,licence"


@pytest.fixture
def write(tmp_path):
    def write(text, name="clinic.csv"):
        folder = tmp_path / "manifests"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def refusal(path, known):
    with pytest.raises(LesionflowError) as caught:
        list(manifest.read(path, known))
    return str(caught.value).replace(str(path), "clinic.csv")


def test_a_full_row_becomes_a_row_of_the_table(write, known, tmp_path):
    path = write(
        "id,url,label,source,licence,attribution,checksum,group,age,sex,body_site,skin_type,skin_tone,mask\n"
        f"7,../p/7.jpg,MEL,derm,CC0,us,MD5:{'A' * 32},P1,40,Female,back,3,,../m/7.png\n"
    )
    frame = manifest.collect(path.parent, known)
    assert frame.iloc[0].drop("skin_tone").to_dict() == {
        "record_id": "clinic:7", "manifest": "clinic", "url": "../p/7.jpg", "label": "melanoma", "label_raw": "MEL",
        "source": "derm", "licence": "CC0", "attribution": "us", "checksum": "md5:" + "a" * 32, "group": "derm:P1",
        "age": 40.0, "sex": "female", "body_site": "back", "skin_type": 3, "mask": "../m/7.png",
    }  # fmt: skip
    assert pd.isna(frame.loc[0, "skin_tone"])
    tables.write(frame, tmp_path / "t.parquet", tables.MANIFEST)
    assert tables.read(tmp_path / "t.parquet", tables.MANIFEST)["skin_type"].tolist() == [3]


def test_without_an_id_the_url_names_the_row(write, known):
    (row,) = manifest.read(write(f"{HEADER}\nhttps://x.org/a.jpg,mel,s,l\n"), known)
    assert row["record_id"] == "clinic:" + hashlib.sha256(b"https://x.org/a.jpg").hexdigest()[:16]


def test_a_byte_order_mark_crlf_and_blank_lines_are_tolerated(write, known):
    path = write(b"\xef\xbb\xbf" + f"{HEADER}\r\na.jpg,mel,s,l\r\n\r\nb.jpg,mel,s,l\r\n\r\n".encode())
    assert [row["url"] for row in manifest.read(path, known)] == ["a.jpg", "b.jpg"]


def test_a_formula_is_text(write, known):
    (row,) = manifest.read(write(f'{HEADER},attribution\na.jpg,mel,s,l,"=HYPERLINK(""http://x"")"\n'), known)
    assert row["attribution"] == '=HYPERLINK("http://x")'


@pytest.mark.parametrize("unknown", ["", "-1"])
def test_an_unknown_skin_type_is_missing(write, known, unknown):
    (row,) = manifest.read(write(f"{HEADER},skin_type\na.jpg,mel,s,l,{unknown}\n"), known)
    assert row["skin_type"] is None


def test_an_unknown_label_names_row_neighbours_and_remedy(write, known):
    path = write(f'{HEADER}\n"a\nb.jpg",mel,s,l\nc.jpg,melanomma,s,l\n')
    # The first row spans lines 2 and 3, so the second one stands in line 4.
    assert refusal(path, known) == (
        "clinic.csv: row 4, column label\n"
        "  got:      'melanomma'\n"
        "  expected: a label or alias of data/taxonomy.yaml; near: melanoma\n"
        "  to do:    Add it to data/taxonomy.yaml, or correct the cell."
    )


def test_all_bad_rows_are_counted_and_the_first_ten_named(write, known):
    path = write(f"{HEADER}\n" + "".join(f"{n}.jpg,what,s,l\n" for n in range(13)))
    message = refusal(path, known)
    assert message.startswith("clinic.csv: row 2, column label\n")
    assert message.endswith("\n  and 12 more: row 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ...")


def test_a_repeated_id_names_both_rows(write, known):
    path = write(f"id,{HEADER}\n1,a.jpg,mel,s,l\n2,b.jpg,mel,s,l\n1,c.jpg,mel,s,l\n")
    assert refusal(path, known).startswith("clinic.csv: row 4, column id\n  got:      '1', as in row 2\n")


@pytest.mark.parametrize("size", [1, 2, 3, 50_000])
def test_the_table_is_the_same_however_the_rows_are_cut(write, known, monkeypatch, size):
    path = write(
        f"{HEADER},age,skin_type,checksum\na.jpg,mel,s,l,,,\nb.jpg,mel,s,l,40,,\n"
        f"c.jpg,NV,s,l,,3,\nd.jpg,NV,s,l,,,md5:{'a' * 32}\n"
    )
    write(f"{HEADER}\nz.jpg,mel,s,l\n", "another.csv")
    monkeypatch.setattr(manifest, "CHUNK", size)
    frame = manifest.collect(path.parent, known)
    # Manifests in the order of their names; a chunk without any age, skin type or checksum changes no type.
    assert frame["url"].tolist() == ["z.jpg", "a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    assert frame["age"].fillna(-1).tolist() == [-1, -1, 40, -1, -1]
    assert frame["skin_type"].tolist() == [pd.NA, pd.NA, pd.NA, 3, pd.NA]
    assert frame["checksum"].fillna("").tolist() == ["", "", "", "", "md5:" + "a" * 32]
    assert {name: str(frame[name].dtype) for name in ("url", "age", "skin_type", "checksum")} == {
        "url": "str", "age": "float64", "skin_type": "Int64", "checksum": "str",
    }  # fmt: skip


def test_an_error_in_a_late_chunk_names_its_row(write, known, monkeypatch):
    path = write(f"{HEADER}\na.jpg,mel,s,l\nb.jpg,mel,s,l\na.jpg,mel,s,l\n")
    monkeypatch.setattr(manifest, "CHUNK", 1)
    with pytest.raises(LesionflowError, match=r"row 4, column url\n  got:      'a.jpg', as in row 2\n"):
        manifest.collect(path.parent, known)


def test_after_a_bad_row_no_good_one_is_kept(write, known):
    rows = manifest.read(write(f"{HEADER}\na.jpg,mel,s,l\nb.jpg,what,s,l\nc.jpg,mel,s,l\n"), known)
    assert next(rows)["url"] == "a.jpg"
    with pytest.raises(LesionflowError, match="row 3, column label"):
        next(rows)


def test_a_missing_column_is_named(write, known):
    assert refusal(write("url,label,source\na.jpg,mel,s\n"), known) == (
        "clinic.csv: row 1 (header)\n"
        "  got:      columns url, label, source\n"
        "  expected: url, label, source, licence once each, and any of id, attribution, checksum, group, age, sex, "
        "body_site, skin_type, skin_tone, mask\n"
        "  to do:    Add licence."
    )


@pytest.mark.parametrize(("header", "odd"), [(f"{HEADER},label", "label"), (f"{HEADER},colour", "colour")])
def test_a_repeated_or_unknown_column_is_named(write, known, header, odd):
    assert refusal(write(f"{header}\na.jpg,mel,s,l,x\n"), known).endswith(f"Remove or rename {odd}.")


@pytest.mark.parametrize(
    ("text", "start"),
    [
        (f"{HEADER}\n", "clinic.csv: no rows\n"),
        ("", "clinic.csv: row 1 (header)\n  got:      nothing\n"),
        (f"{HEADER}\n,mel,s,l\n", "clinic.csv: row 2, column url\n  got:      an empty cell\n"),
        (f"{HEADER}\na.jpg,mel,s\n", "clinic.csv: row 2\n  got:      3 cells\n  expected: 4, as in the header\n"),
        (f'{HEADER}\n"a.jpg,mel,s,l\n', "clinic.csv: row 2\n  got:      unexpected end of data\n"),
        (f'{HEADER}\n"a"b.jpg,mel,s,l\n', "clinic.csv: row 2\n  got:      ',' expected after '\"'\n"),
        (f"{HEADER}\n{'x' * 200_000},mel,s,l\n", "clinic.csv: row 2\n  got:      field larger than field limit"),
        (b"url,label,source,licence\n\xff.jpg,mel,s,l\n", "clinic.csv: not UTF-8\n  got:      byte 25: invalid start"),
    ],
)
def test_what_is_no_manifest_says_where(write, known, text, start):
    assert refusal(write(text), known).startswith(start)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("age", "-1"), ("age", "old"), ("age", "nan"), ("age", "121"), ("age", "1_0"),
        ("skin_type", "0"), ("skin_type", "7"), ("skin_type", "2.5"), ("skin_type", "III"),
        ("sex", "f"), ("checksum", "sha256:abc"), ("checksum", "a" * 64), ("skin_tone", "dark"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named_with_its_column(write, known, column, cell):
    message = refusal(write(f"{HEADER},{column}\na.jpg,mel,s,l,{cell}\n"), known)
    assert message.startswith(f"clinic.csv: row 2, column {column}\n  got:      {cell!r}\n")


def test_a_folder_without_manifests_says_to_pull(tmp_path, known):
    with pytest.raises(LesionflowError, match=r"no manifest\n.*\n.*Run `dvc pull data.dvc`"):
        manifest.collect(tmp_path, known)


CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["=1+1", "\r\n", '"', "\0", "﻿", "mel", "NV", "-1", "1e999", "sha256:", "x" * 5000]
)
COLUMNS = st.lists(st.sampled_from([*manifest.REQUIRED, *manifest.OPTIONAL, "", "odd"]), min_size=1, max_size=8)


@given(data=st.data())
@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_csv_is_read_or_refused_by_file(data, write, known):
    header = data.draw(st.just(list(manifest.REQUIRED)) | COLUMNS)
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(header), max_size=len(header)), max_size=4))
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    path = write(data.draw(st.just(text.getvalue().encode()) | st.binary(max_size=200)))
    try:
        read = list(manifest.read(path, known))
    except LesionflowError as error:
        assert str(error).startswith(str(path))  # noqa: PT017
    else:
        frame = pd.DataFrame(read, columns=list(tables.MANIFEST.columns))
        tables.write(frame, path.with_suffix(".parquet"), tables.MANIFEST)
        assert frame["label"].isin(known.classes).all()
