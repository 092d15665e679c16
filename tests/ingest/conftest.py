"""Pictures and settings that the room's tests share."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lesionflow.ingest import taxonomy
from lesionflow.ingest.settings import IngestParams


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
    return IngestParams(
        file_roots=(tmp_path / "data",), max_bytes=100_000, max_pixels=10_000, timeout=0.5, max_failed_share=0.5
    )


@pytest.fixture
def known() -> taxonomy.Taxonomy:
    text = """classes:
  melanoma: {aliases: [MEL], malignant: true}
  melanocytic_nevus: {aliases: [NV, mole]}
"""
    return taxonomy.parse(text, "data/taxonomy.yaml")
