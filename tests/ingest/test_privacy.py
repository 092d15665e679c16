import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from lesionflow import images
from lesionflow.ingest import privacy
from lesionflow.ingest.privacy import as_png
from tests.ingest.conftest import encoded, personal_exif, picture


def strip(content: bytes, extension: str) -> tuple[bytes, str]:
    return privacy.strip(content, extension, images.orientation(images.opened(content)))


SECRETS = (b"SecretMaker", b"Serial-4711", b"2024:01:31", b"secret comment", b"secret-xmp")


def same_pixels(one: bytes, other: bytes) -> bool:
    return images.decode(one).tobytes() == images.decode(other).tobytes()


def personal_png(orientation: int) -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "secret comment")
    notes.add_itxt("XML:com.adobe.xmp", "<x>secret-xmp</x>")
    return encoded(picture(), "PNG", exif=personal_exif(orientation), pnginfo=notes)


def personal_photos(orientation: int) -> dict[str, bytes]:
    exif = personal_exif(orientation)
    jpeg = {"exif": exif, "comment": b"secret comment", "xmp": b"<x>secret-xmp</x>"}
    return {
        "jpg": encoded(picture(), "JPEG", **jpeg),
        "progressive.jpg": encoded(picture(), "JPEG", progressive=True, **jpeg),
        "cmyk.jpg": encoded(picture().convert("CMYK"), "JPEG", **jpeg),
        "restarts.jpg": encoded(picture(), "JPEG", restart_marker_blocks=1, **jpeg),
        "mpo.jpg": encoded(picture(), "MPO", save_all=True, append_images=[picture(1)], exif=exif),
        "png": personal_png(orientation),
        "webp": encoded(picture(), "WEBP", exif=exif, xmp=b"<x>secret-xmp</x>"),
        "tif": encoded(picture(), "TIFF", exif=exif),
        "gif": encoded(picture(), "GIF", comment=b"secret comment"),
    }


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", list(personal_photos(1)))
def test_personal_data_leaves_and_pixels_stay(name, orientation):
    photo = personal_photos(orientation)[name]
    assert any(secret in photo for secret in SECRETS)
    stripped, _ = strip(photo, name.rpartition(".")[2])
    assert not [secret for secret in SECRETS if secret in stripped]
    assert same_pixels(photo, stripped)
    assert not Image.open(io.BytesIO(stripped)).getexif().get_ifd(0x8825)


@pytest.mark.parametrize(
    ("name", "kept"), [("jpg", "jpg"), ("png", "png"), ("webp", "png"), ("tif", "png"), ("gif", "png")]
)
def test_only_formats_that_cannot_be_cut_become_png(name, kept):
    assert strip(personal_photos(6)[name], name)[1] == kept


@pytest.mark.parametrize(("form", "extension"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_a_photo_without_metadata_stays_byte_for_byte(form, extension):
    photo = encoded(picture(), form)
    assert strip(photo, extension) == (photo, extension)


def test_a_colour_profile_stays():
    profile = b"\0" * 128
    for form, extension in (("JPEG", "jpg"), ("PNG", "png")):
        stripped, _ = strip(encoded(picture(), form, icc_profile=profile, exif=personal_exif()), extension)
        assert Image.open(io.BytesIO(stripped)).info["icc_profile"] == profile


@pytest.mark.parametrize(("form", "extension"), [("JPEG", "jpg"), ("PNG", "png")])
def test_what_follows_the_picture_is_dropped(form, extension):
    photo = encoded(picture(), form)
    assert strip(photo + b"PK\x03\x04 a hidden archive", extension) == (photo, extension)


def test_stripping_twice_changes_nothing_more():
    for name, photo in personal_photos(6).items():
        once = strip(photo, name.rpartition(".")[2])
        assert strip(*once) == once


def test_a_png_with_its_exif_behind_the_pixels_is_stripped_too():
    plain = encoded(picture(), "PNG")
    exif = personal_exif(6).tobytes()[6:]
    late = b"eXIf" + exif
    chunk = struct.pack(">I", len(exif)) + late + struct.pack(">I", zlib.crc32(late))
    photo = plain[:-12] + chunk + plain[-12:]
    stripped, _ = strip(photo, "png")
    assert b"SecretMaker" not in stripped
    assert same_pixels(photo, stripped)


def test_a_mask_in_another_format_becomes_png():
    mask = encoded(picture().convert("L"), "BMP")
    assert as_png(mask, 1).startswith(b"\x89PNG")
    assert same_pixels(mask, as_png(mask, 1))
