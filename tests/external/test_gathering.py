import pytest
from PIL import Image

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.external import gathering
from lesionflow.external.settings import Source
from lesionflow.ingest import taxonomy
from lesionflow.ingest.settings import IngestParams, WebParams

KNOWN = taxonomy.parse("classes: {nevus: {}}", "taxonomy.yaml")
WEB = WebParams(polite=True, per_host=1, delay=0, timeout=1, retries=0, max_wait=0, allowed_networks=())


@pytest.fixture
def elsewhere(tmp_path):
    """A manifest of one photo that is there and one that is not, and the settings that allow its folder."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    Image.new("RGB", (120, 120), "tan").save(folder / "a.jpg")
    manifest = tmp_path / "m.csv"
    manifest.write_text("url,label,source,licence\na.jpg,nevus,clinic,CC0\nb.jpg,wart,clinic,CC0\n")
    settings = IngestParams(
        file_roots=(folder,), max_bytes=10**6, max_pixels=10**6, max_failed_share=0.5, retry_failed="healable", web=WEB
    )
    return Source(name="clinic", manifest=manifest, photos=folder), settings


def test_what_can_be_had_is_stored_and_every_row_is_told_of(elsewhere, tmp_path):
    source, settings = elsewhere
    gathering.gather(source, KNOWN, tmp_path / "kept", settings)
    ingested = tables.read(tmp_path / "kept/ingested.parquet", tables.INGESTED)
    assert sorted(ingested["status"]) == ["failed", "stored"]
    assert sorted(tables.read(tmp_path / "kept/manifest.parquet", tables.MANIFEST)["label"]) == ["nevus", "wart"]


def test_more_failures_than_allowed_stop_it_with_where_photos_are_sought(elsewhere, tmp_path):
    source, settings = elsewhere
    strict = settings.model_copy(update={"max_failed_share": 0.4})
    with pytest.raises(LesionflowError) as raised:
        gathering.gather(source, KNOWN, tmp_path / "kept", strict)
    told = str(raised.value)
    assert told.startswith(f"{source.manifest}: 1 of 2 photos cannot be had\n")
    assert "--photos" in told


def test_a_folder_that_is_not_allowed_gives_no_photo_at_all(elsewhere, tmp_path):
    source, settings = elsewhere
    elsewhere_only = settings.model_copy(update={"file_roots": (tmp_path / "data",), "max_failed_share": 1.0})
    with pytest.raises(LesionflowError, match="2 of 2 photos cannot be had"):
        gathering.gather(source, KNOWN, tmp_path / "kept", elsewhere_only)
