from pathlib import Path

import pytest

from lesionflow.errors import LesionflowError
from lesionflow.ingest import mapping
from lesionflow.ingest.csvrows import CsvRow
from lesionflow.ingest.mapping import SourceParams

PAD = mapping.load("pad_ufes_20")
PUBLISHED = {
    "file": "images/a b.jpg", "img_id": "a.png", "patient_id": "P1", "diagnostic": "NEV", "age": "40", "gender": "MALE",
    "fitspatrick": "2.0", "region": "FACE", "sha256": "0" * 64, "lesion_id": "9",
}  # fmt: skip


def applied(cells, source=PAD):
    rows = mapping.apply(source, [CsvRow(7, cells)], photos=Path("data/pad"), manifests=Path("data/manifests"))
    return list(rows)


def test_a_published_row_reads_in_the_manifests_columns():
    assert applied(PUBLISHED) == [
        CsvRow(7, {
            "source": "pad_ufes_20", "licence": "CC-BY-4.0", "attribution": PAD.attribution, "id": "a.png",
            "url": "../pad/images/a b.jpg", "label": "NEV", "group": "P1", "age": "40", "sex": "MALE",
            "body_site": "FACE", "skin_type": "2", "checksum": "sha256:" + "0" * 64,
        })
    ]  # fmt: skip


def test_a_row_without_a_checksum_has_none():
    assert "checksum" not in applied({**PUBLISHED, "sha256": ""})[0].cells


def test_only_selected_rows_are_taken():
    source = PAD.model_copy(update={"rows": {"region": ("NOSE", "EAR")}})
    assert applied(PUBLISHED, source) == []
    assert len(applied({**PUBLISHED, "region": "EAR"}, source)) == 1


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
    photos, manifests = Path("/home/data/raw"), Path("/home/data/manifests")
    assert mapping.address(published, photos=photos, manifests=manifests) == address


@pytest.mark.parametrize("name", ["", "../mapping", "MILK10K"])
def test_a_source_is_one_of_the_known(name):
    with pytest.raises(LesionflowError, match="expected: one of milk10k, pad_ufes_20"):
        mapping.load(name)


def test_a_missing_column_of_the_metadata_is_named():
    header = [name for name in PUBLISHED if name not in ("fitspatrick", "region")]
    with pytest.raises(LesionflowError, match="once each; not so: fitspatrick, region\n"):
        mapping.check_header(PAD, header, Path("metadata.csv"))


def test_a_column_that_is_not_read_may_stand_twice():
    mapping.check_header(PAD, [*PUBLISHED, "note", "note"], Path("metadata.csv"))


def test_a_mapping_with_a_misspelt_key_is_refused(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("{source: s, licence: l, attribution: a, columns: {ulr: file}, taxonomy: {}}")
    with pytest.raises(LesionflowError, match=r"own.yaml: columns.ulr"):
        mapping.read(path)


@pytest.mark.parametrize("name", mapping.known())
def test_every_mapping_says_what_a_manifest_needs(name):
    source = mapping.load(name)
    assert isinstance(source, SourceParams)
    assert {"id", "url", "label", "group"} <= set(source.columns)
    assert source.taxonomy
