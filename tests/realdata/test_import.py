"""Import and ingestion of the real metadata and photos that lie beside the repository."""

import os
from collections import Counter
from pathlib import Path

import pytest

from lesionflow import images, tables
from lesionflow.ingest import importing, manifest, records, taxonomy
from lesionflow.ingest.settings import IngestParams

SHARED = Path(os.environ.get("LESIONFLOW_SHARED", Path(__file__).parents[2].parent / "shared")) / "data"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/data (set LESIONFLOW_SHARED)")
# As ../shared/data/README.md counts them.
MILK10K = {
    "BCC": 900, "NV": 601, "BKL": 435, "SCCKA": 378, "MEL": 365, "AKIEC": 249, "BEN_OTH": 39, "VASC": 38, "INF": 38,
    "DF": 37, "MAL_OTH": 8,
}  # fmt: skip
PAD = {"BCC": 353, "ACK": 277, "NEV": 220, "SEK": 155, "SCC": 56, "MEL": 48}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with both sources imported, and what each import did."""
    folder = tmp_path_factory.mktemp("project") / "data"
    done = {
        name: importing.import_metadata(
            name, SHARED / source / "metadata.csv", folder / "manifests" / f"{name}.csv", folder / "taxonomy.yaml"
        )
        for name, source in (("milk10k", "milk10k"), ("pad_ufes_20", "pad-ufes-20"))
    }
    return folder, done


@pytest.fixture(scope="module")
def collected(data):
    folder, _ = data
    return manifest.collect(folder / "manifests", taxonomy.load(folder / "taxonomy.yaml"))


@pytest.mark.parametrize(("name", "counts", "left_out"), [("milk10k", MILK10K, 150), ("pad_ufes_20", PAD, 0)])
def test_every_row_is_imported_and_every_photo_there(data, name, counts, left_out):
    done = data[1][name]
    assert {raw: count for (raw, _), count in done.labels.items()} == counts
    assert (done.rows, done.left_out, done.absent) == (sum(counts.values()), left_out, 0)


def test_a_tone_is_not_taken_for_a_skin_type(collected):
    of = collected.groupby("source")
    assert of["skin_type"].count().to_dict() == {"milk10k": 0, "pad_ufes_20": 1109 - 418}
    assert of["skin_tone"].count().to_dict() == {"milk10k": 3088, "pad_ufes_20": 0}


def test_groups_are_lesions_and_patients(collected):
    assert collected.groupby("source")["group"].nunique().to_dict() == {"milk10k": 3088, "pad_ufes_20": 833}


def test_both_sources_meet_in_one_class(collected):
    labels = Counter(collected["label"])
    assert labels["basal_cell_carcinoma"] == 900 + 353
    assert labels["melanoma"] == 365 + 48
    assert len(labels) == 13


def test_real_photos_pass_with_their_checksums_and_pixels(data, collected, tmp_path):
    rows = collected.groupby("source", group_keys=False).head(15)
    settings = IngestParams(
        file_roots=(SHARED,), max_bytes=10**8, max_pixels=10**8, timeout=5, max_failed_share=0
    )  # fmt: skip
    done = records.ingest(rows, data[0] / "manifests", tmp_path / "shards", settings)
    assert done["reason"].tolist() == [""] * 30
    tables.write(done, tmp_path / "ingested.parquet", tables.INGESTED)
    stored = images.stored_photos(tables.read(tmp_path / "ingested.parquet", tables.INGESTED), tmp_path / "shards")
    url = rows.set_index("record_id")["url"]
    for record_id, sha256 in zip(done["record_id"], done["sha256"], strict=True):
        original = Path(url[record_id].removeprefix("file://")).read_bytes()
        assert images.decode(stored[sha256].read()).tobytes() == images.decode(original).tobytes()
