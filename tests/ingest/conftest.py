"""Pictures and settings that the room's tests share."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lesionflow import tables
from lesionflow.ingest import taxonomy
from lesionflow.ingest.settings import IngestParams

NETWORK = "127.0.0.2/31"
"""Of the fault server's hosts, and of no other address."""


def picture(seed: int = 0, size: tuple[int, int] = (24, 16)) -> Image.Image:
    """Noise, which no encoder can take short cuts with; `size` is width and height."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    written = io.BytesIO()
    image.save(written, form, **options)
    return written.getvalue()


def personal_exif(orientation: int = 1) -> Image.Exif:
    """EXIF as a phone writes it: maker, serial number, position."""
    exif = Image.Exif()
    exif[0x010F] = "SecretMaker"
    exif[0x0112] = orientation
    exif.get_ifd(0x8769)[0xA431] = "Serial-4711"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 30.0), 29: "2024:01:31"})
    return exif


@pytest.fixture
def settings(tmp_path: Path) -> IngestParams:
    """Limits small enough to run into; the only root is data/."""
    return limits(tmp_path / "data")


def limits(root: Path, **web: object) -> IngestParams:
    """Limits small enough to run into, for a crawl that may reach the fault server's network and no other."""
    asked = {"polite": True, "per_host": 64, "delay": 0, "timeout": 2, "retries": 3, "max_wait": 10}
    return IngestParams.model_validate(
        {
            "file_roots": [root], "max_bytes": 100_000, "max_pixels": 10_000, "max_failed_share": 0.5,
            "retry_failed": "healable", "web": {**asked, "allowed_networks": [NETWORK], **web},
        }
    )  # fmt: skip


def manifest_of(*rows: tuple[object, ...], name: str = "clinic") -> pd.DataFrame:
    """Table manifest from (id, url, checksum, mask), the last two optional."""
    empty = dict.fromkeys(tables.MANIFEST.columns, "") | dict.fromkeys(("age", "skin_type", "skin_tone"))
    made = []
    for i, url, *more in rows:
        checksum, mask = (*more, None, None)[:2]
        row = {"record_id": f"{name}:{i}", "manifest": name, "url": url, "checksum": checksum, "mask": mask}
        made.append({**empty, **row, "source": name, "licence": "CC0", "attribution": "nobody"})
    return pd.DataFrame(made)


@pytest.fixture
def known() -> taxonomy.Taxonomy:
    text = """classes:
  melanoma: {aliases: [MEL], malignant: true}
  melanocytic_nevus: {aliases: [NV, mole]}
"""
    return taxonomy.parse(text, "data/taxonomy.yaml")
