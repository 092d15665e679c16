import pytest

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.ingest import foreign, taxonomy

KNOWN = taxonomy.parse("classes:\n  basal_cell_carcinoma: {aliases: [BCC]}\n  nevus: {}\n", "taxonomy.yaml")
HEADER = "url,label,source,licence,age,skin_type\n"


def manifest(folder, rows):
    path = folder / "elsewhere.csv"
    path.write_text(HEADER + rows)
    return path


def test_known_labels_are_mapped_and_unknown_ones_stand_as_they_are(tmp_path):
    frame = foreign.read(manifest(tmp_path, "a.jpg,bcc,clinic,CC0,40,3\nb.jpg,Wart & co,clinic,CC0,,\n"), KNOWN)
    assert frame["label"].tolist() == ["basal_cell_carcinoma", "Wart & co"]
    assert frame["label_raw"].tolist() == ["bcc", "Wart & co"]
    # What is written is what the other tables of its kind are.
    tables.write(frame, tmp_path / "manifest.parquet", tables.MANIFEST)
    assert tables.read(tmp_path / "manifest.parquet", tables.MANIFEST)["skin_type"].isna().tolist() == [False, True]


def test_other_rules_hold_as_for_any_manifest(tmp_path):
    path = manifest(tmp_path, "a.jpg,bcc,clinic,CC0,400,3\n")
    with pytest.raises(LesionflowError) as raised:
        foreign.read(path, KNOWN)
    assert str(raised.value) == (
        f"{path}: row 2, column age\n"
        "  got:      '400'\n"
        "  expected: a number from 0 to 120, or empty\n"
        "  to do:    Correct the cell."
    )


def test_a_manifest_that_is_not_there_says_how_to_make_one(tmp_path):
    with pytest.raises(LesionflowError, match=r"none\.csv: no such manifest"):
        foreign.read(tmp_path / "none.csv", KNOWN)


def test_a_taxonomy_that_lets_labels_pass_leaves_the_strict_one_strict():
    assert foreign.Open(KNOWN).canonical("wart") == "wart"
    assert KNOWN.canonical("wart") is None
