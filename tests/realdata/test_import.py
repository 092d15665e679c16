"""Import and ingestion of the real metadata and photos that lie beside the repository."""

import csv
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from lesionflow import images, tables
from lesionflow.ingest import importing, manifest, taxonomy

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("LESIONFLOW_SHARED", ROOT.parent / "shared")) / "data"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/data (set LESIONFLOW_SHARED)")
FILES = {
    "fitzpatrick17k": SHARED / "manifests" / "fitzpatrick17k" / "fitzpatrick17k.csv",
    "milk10k": SHARED / "milk10k" / "metadata.csv",
    "pad_ufes_20": SHARED / "pad-ufes-20" / "metadata.csv",
}
# As ../shared/data/README.md counts them.
MILK10K = {
    "BCC": 900, "NV": 601, "BKL": 435, "SCCKA": 378, "MEL": 365, "AKIEC": 249, "BEN_OTH": 39, "VASC": 38, "INF": 38,
    "DF": 37, "MAL_OTH": 8,
}  # fmt: skip
PAD = {"BCC": 353, "ACK": 277, "NEV": 220, "SEK": 155, "SCC": 56, "MEL": 48}


def import_(name, folder):
    return importing.import_metadata(
        name, [FILES[name]], folder / "manifests" / f"{name}.csv", folder / "taxonomy.yaml"
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with all sources imported, and what each import did."""
    folder = tmp_path_factory.mktemp("project") / "data"
    return folder, {name: import_(name, folder) for name in FILES}


@pytest.fixture(scope="module")
def collected(data):
    folder, _ = data
    return manifest.collect(folder / "manifests", taxonomy.load(folder / "taxonomy.yaml"))


@pytest.fixture(scope="module")
def published():
    """The rows of fitzpatrick17k.csv."""
    with FILES["fitzpatrick17k"].open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "counts", "left_out"), [("milk10k", MILK10K, {"image_type: dermoscopic": 150}), ("pad_ufes_20", PAD, {})]
)
def test_every_row_is_imported_and_every_photo_there(data, name, counts, left_out):
    done = data[1][name]
    assert {raw: count for (raw, _), count in done.labels.items()} == counts
    assert done.converted.left_out == left_out
    assert (len(done.converted.rows), done.absent) == (sum(counts.values()), 0)


def test_all_rows_of_fitzpatrick17k_are_in_or_left_out_with_a_reason(data, published):
    done = data[1]["fitzpatrick17k"].converted
    # 41 rows have no url, as ../shared/data/README.md says; the qc values sum to the 504 photos that were looked at.
    assert done.left_out == {"no address of a photo": 41, "qc: 3 Wrongly labelled": 17}
    assert done.flags == {
        "qc: 1 Diagnostic": 348,
        "qc: 5 Potentially": 97,
        "qc: 2 Characteristic": 32,
        "qc: 4 Other": 10,
    }
    assert done.published == len(published) == 16_577
    assert len(done.rows) == 16_577 - 41 - 17


def test_fitzpatrick17k_keeps_what_was_published(collected, published):
    rows = {row["md5hash"]: row for row in published}
    table = collected[collected["source"] == "fitzpatrick17k"]
    for row in table.to_dict("records"):
        theirs = rows[row["record_id"].removeprefix("fitzpatrick17k:")]
        assert (row["url"], row["label_raw"]) == (theirs["url"], theirs["label"])
        assert row["checksum"] == f"md5:{theirs['md5hash']}"
    unknown = sum(row["fitzpatrick_scale"] == "-1" for row in published if row["url"] and row["qc"][:1] != "3")
    assert table["skin_type"].isna().sum() == unknown
    assert set(table["skin_type"].dropna()) == {1, 2, 3, 4, 5, 6}


def test_fitzpatrick17ks_114_labels_are_classes_with_the_published_malignancy(data, published):
    folder, done = data
    assert len(done["fitzpatrick17k"].labels) == len({label for _, label in done["fitzpatrick17k"].labels}) == 114
    known = taxonomy.load(folder / "taxonomy.yaml")
    malignant = {row["label"] for row in published if row["three_partition_label"] == "malignant"}
    # A precancer, which the published partition counts as malignant (see the mapping).
    malignant -= {"actinic keratosis"}
    assert malignant == {raw for raw, label in done["fitzpatrick17k"].labels if known.classes[label].malignant}


@pytest.mark.parametrize("name", FILES)
def test_importing_again_changes_nothing(data, name):
    assert import_(name, data[0]).changed == ()


def test_a_tone_is_not_taken_for_a_skin_type(collected):
    of = collected.groupby("source")
    assert of["skin_type"].count().drop("fitzpatrick17k").to_dict() == {"milk10k": 0, "pad_ufes_20": 1109 - 418}
    assert of["skin_tone"].count().to_dict() == {"fitzpatrick17k": 0, "milk10k": 3088, "pad_ufes_20": 0}


def test_groups_are_lesions_and_patients(collected):
    groups = collected.groupby("source")["group"].nunique()
    assert groups.to_dict() == {"fitzpatrick17k": 0, "milk10k": 3088, "pad_ufes_20": 833}


def test_sources_meet_in_one_class(collected, published):
    counted = Counter(row["label"] for row in published if row["url"] and row["qc"][:1] != "3")
    labels = Counter(collected["label"])
    assert labels["basal_cell_carcinoma"] == 900 + 353 + counted["basal cell carcinoma"]
    assert labels["melanoma"] == 365 + 48 + counted["melanoma"]
    # Of the 13 classes of milk10k and pad_ufes_20, seven are among the 114 too: BCC, NV, SCC, melanoma, SEK, ACK, DF.
    assert len(labels) == 114 + 13 - 7


def test_real_photos_pass_with_their_checksums_and_pixels(data, collected, tmp_path):
    rows = collected[collected["source"] != "fitzpatrick17k"].groupby("source", group_keys=False).head(15)
    settings = YAML().load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    settings["ingest"] |= {"file_roots": [str(SHARED)], "max_failed_share": 0}
    YAML().dump(settings, tmp_path / "params.yaml")
    tables.write(rows, tmp_path / "outputs" / "manifest.parquet", tables.MANIFEST)
    stage = [sys.executable, ROOT / "stages" / "ingest.py"]
    subprocess.run(stage, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, check=True)
    done = tables.read(tmp_path / "outputs" / "ingested.parquet", tables.INGESTED)
    assert done["reason"].tolist() == [""] * 30
    stored = images.stored_photos(done, tmp_path / "outputs" / "shards")
    url = rows.set_index("record_id")["url"]
    for record_id, sha256 in zip(done["record_id"], done["sha256"], strict=True):
        original = Path(url[record_id].removeprefix("file://")).read_bytes()
        assert images.decode(stored[sha256].read()).tobytes() == images.decode(original).tobytes()
