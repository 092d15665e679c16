from pathlib import Path

import pytest

from lesionflow.errors import LesionflowError
from lesionflow.ingest import converting, mapping
from lesionflow.ingest.csvrows import CsvRow
from lesionflow.ingest.manifest import Place
from lesionflow.ingest.mapping import SourceParams
from lesionflow.ingest.published import Published
from lesionflow.ingest.taxonomy import LabelParams

PAD = mapping.load("pad_ufes_20")
PUBLISHED = {
    "file": "images/a b.jpg", "img_id": "a.png", "patient_id": "P1", "diagnostic": "NEV", "age": "40", "gender": "MALE",
    "fitspatrick": "2.0", "region": "FACE", "sha256": "0" * 64, "lesion_id": "9",
}  # fmt: skip
CLINIC = {"source": "s", "licence": "l", "columns": {"id": "no", "url": "file", "label": "dx"}}


def convert(source, *rows, photos="data/pad"):
    table = Published(iter(CsvRow(line, row) for line, row in enumerate(rows, start=2)), Place(Path("m.csv")))
    return converting.convert(source, table, photos=photos, manifests=Path("data/manifests"))


def clinic(**more):
    return SourceParams.model_validate(CLINIC | more)


def row(no="1", file="a.jpg", dx="mole", **more):
    return {"no": no, "file": file, "dx": dx, **more}


def test_a_published_row_reads_in_the_manifests_columns():
    assert convert(PAD, PUBLISHED).rows == [
        CsvRow(2, {
            "source": "pad_ufes_20", "licence": "CC-BY-4.0", "attribution": PAD.attribution, "id": "a.png",
            "url": "../pad/images/a b.jpg", "label": "NEV", "group": "P1", "age": "40", "sex": "MALE",
            "body_site": "head_neck_face", "skin_type": "2", "checksum": "sha256:" + "0" * 64,
        })
    ]  # fmt: skip


@pytest.mark.parametrize("without", [{"sha256": ""}, {}])
def test_a_row_without_a_checksum_has_none(without):
    published = {name: cell for name, cell in PUBLISHED.items() if name != "sha256"} | without
    assert "checksum" not in convert(PAD, published).rows[0].cells


def test_pads_published_file_names_photos_by_their_id():
    published = {name: cell for name, cell in PUBLISHED.items() if name != "file"}
    assert convert(PAD, published).rows[0].cells["url"] == "../pad/a.png"


def test_what_is_left_out_is_counted_by_reason():
    source = clinic(rows={"kind": ["clinical"]}, leave_out={"qc": ["wrong"]})
    done = convert(
        source,
        row("1", kind="clinical", qc=""),
        row("2", "b.jpg", kind="dermoscopic", qc=""),
        row("3", "c.jpg", kind="", qc=""),
        row("4", "d.jpg", kind="clinical", qc="wrong"),
        row("5", "", kind="clinical", qc=""),
        row("6", "f.jpg", "", kind="clinical", qc=""),
    )
    assert [one.cells["id"] for one in done.rows] == ["1"]
    assert done.published == 6
    assert done.left_out == {
        "kind: dermoscopic": 1, "kind: empty": 1, "qc: wrong": 1, "no address of a photo": 1, "no label": 1,
    }  # fmt: skip


def test_flags_count_the_rows_that_are_in():
    source = clinic(flags=["qc"], leave_out={"qc": ["wrong"]})
    rows = [row("1", qc="good"), row("2", "b.jpg", qc="wrong"), row("3", "c.jpg", qc=""), row("4", "d.jpg", qc="good")]
    assert convert(source, *rows).flags == {"qc: good": 2}


def test_several_photos_of_a_row_are_rows_with_ids_of_their_own():
    source = clinic(columns={"id": "no", "url": ["p1", "p2", "p3"], "label": "dx", "group": "no"})
    done = convert(source, {"no": "7", "dx": "mole", "p1": "a.jpg", "p2": "", "p3": "c.jpg"})
    # The id says which photo it is, so that it stays when another one appears.
    assert [(one.cells["id"], one.cells["url"], one.cells["group"]) for one in done.rows] == [
        ("7_1", "../pad/a.jpg", "7"), ("7_3", "../pad/c.jpg", "7"),
    ]  # fmt: skip


def test_of_several_columns_the_first_with_text_counts():
    source = clinic(columns={"url": "file", "label": "dx", "group": ["patient", "lesion"]})
    done = convert(source, row(patient="", lesion="L"), row("2", "b.jpg", patient="P", lesion="L"))
    assert [one.cells["group"] for one in done.rows] == ["L", "P"]


def test_a_rows_own_licence_stands_before_that_of_all():
    source = clinic(columns={"url": "file", "label": "dx", "licence": "terms"}, values={"licence": {"CC-0": "CC0-1.0"}})
    done = convert(source, row(terms="CC-0"), row("2", "b.jpg", terms=""))
    assert [one.cells["licence"] for one in done.rows] == ["CC0-1.0", "l"]


def test_the_same_photo_again_is_left_out_and_told_by_what_differs():
    done = convert(clinic(), row(), row("2", "b.jpg"), row(), row(dx="melanoma"))
    assert [one.line for one in done.rows] == [2, 3]
    assert done.left_out == {"the same row again": 1, "the same photo again, with another label": 1}


def test_without_an_id_the_address_tells_photos_apart():
    source = clinic(columns={"url": "file", "label": "dx"})
    done = convert(source, row("1"), row("2"), row("3", "b.jpg"))
    assert [one.cells["url"] for one in done.rows] == ["../pad/a.jpg", "../pad/b.jpg"]


def test_one_id_for_two_photos_is_an_error_not_a_loss():
    with pytest.raises(LesionflowError) as caught:
        convert(clinic(), row(), row("2", "b.jpg"), row("1", "c.jpg"))
    assert str(caught.value) == (
        "m.csv: row 4, column id\n"
        "  got:      '1', as in row 2, for another photo\n"
        "  expected: an id a photo\n"
        "  to do:    Map another column to id, or none: then the address names the photo."
    )


def test_rows_that_share_a_photo_under_two_ids_are_counted():
    done = convert(clinic(), row("1"), row("2"), row("3", "b.jpg"), row("4"))
    assert (len(done.rows), converting.shared(done.rows)) == (4, 2)


def test_weights_that_are_none_name_the_row():
    source = clinic(columns={"url": "file", "label": {"top": "dx"}})
    with pytest.raises(LesionflowError) as caught:
        convert(source, row(dx="{'mole': 1}"), row("2", "b.jpg", dx="mole"))
    assert str(caught.value).startswith("m.csv: row 3, column label\n  got:      'mole'\n  expected: weights, as ")


def test_a_label_is_malignant_when_one_row_says_so_and_has_the_first_parent():
    source = clinic(unlisted="own_class", parent="group", malignant={"kind": ["Malignant"]})
    done = convert(
        source,
        row("1", dx="x", group="", kind="Benign"),
        row("2", "b.jpg", "x", group="g", kind="Malignant"),
        row("3", "c.jpg", "x", group="h", kind="Benign"),
        row("4", "d.jpg", "y", group="h", kind=""),
        row("5", "e.jpg", "z", group="h", kind="Benign"),
        row("6", "f.jpg", "z", group="i", kind="Malignant"),
    )
    assert done.classes == {
        "x": LabelParams(parent="g", malignant=True),
        "y": LabelParams(parent="h", malignant=False),
        "z": LabelParams(parent="h", malignant=True),
    }


@pytest.mark.parametrize(
    ("published", "address"),
    [
        ("https://x.org/a.jpg", "https://x.org/a.jpg"),
        ("file:///mnt/a.jpg", "file:///mnt/a.jpg"),
        ("a b.jpg", "../raw/a b.jpg"),
        ("../photos/a.jpg", "../photos/a.jpg"),
        ("../../etc/a b.jpg", "file:///home/etc/a%20b.jpg"),
        ("/mnt/a.jpg", "file:///mnt/a.jpg"),
    ],
)
def test_a_photo_in_the_data_folder_is_relative_and_any_other_a_uri(published, address):
    manifests = Path("/home/data/manifests")
    assert converting.address(published, photos="/home/data/raw", manifests=manifests) == address


@pytest.mark.parametrize(
    ("photos", "published", "address"),
    [
        ("https://x.org/p/", "in/a b#1.jpg", "https://x.org/p/in/a%20b%231.jpg"),
        ("https://x.org/p", "/a.jpg", "https://x.org/p/a.jpg"),
        ("gs://bucket/", "in/a b#1.jpg", "gs://bucket/in/a b#1.jpg"),  # object stores take names as they are
        ("https://x.org/p", "http://y.org/a.jpg", "http://y.org/a.jpg"),
    ],
)
def test_a_path_below_a_url_becomes_one(photos, published, address):
    assert converting.address(published, photos=photos, manifests=Path("data/manifests")) == address
