import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lesionflow import images
from lesionflow.errors import LesionflowError
from lesionflow.images import UnreadableImageError


def encoded(picture, kind="JPEG", **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def half_red(size=(40, 20)):
    """Left half red, right half blue."""
    picture = Image.new("RGB", size, "blue")
    picture.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    return picture


def test_orientation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned: the left of the stored picture is the top of the upright one
    found = images.decode(encoded(half_red(), exif=exif, quality=95))
    assert found.size == (20, 40)
    assert found.getpixel((10, 5))[0] > 200
    assert found.getpixel((10, 35))[2] > 200


def test_transparent_pixels_show_white():
    found = images.decode(encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "PNG"))
    assert found.getpixel((4, 4)) == (255, 255, 255)


def test_sixteen_bit_grey_is_scaled_not_clipped():
    # 32,768 of 65,535 is half: level 128 of 255.
    found = images.decode(encoded(Image.fromarray(np.full((8, 8), 32768, dtype=np.uint16)), "PNG"))
    assert found.getpixel((4, 4)) == (128, 128, 128)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1"])
def test_every_mode_becomes_rgb(mode):
    kind = "TIFF" if mode == "CMYK" else "PNG"
    assert images.decode(encoded(half_red().convert(mode), kind)).mode == "RGB"


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert images.decode(content).getpixel((4, 4)) == (255, 0, 0)


def test_reduced_scale_keeps_the_short_side_asked_for():
    # 600 x 450 at half is 300 x 225, whose short side is still 225; at 226 nothing can be saved.
    content = encoded(half_red((600, 450)))
    assert images.decode(content, at_least=225).size == (300, 225)
    assert images.decode(content, at_least=226).size == (600, 450)


def test_a_picture_with_too_many_pixels_is_refused():
    with pytest.raises(UnreadableImageError, match="at most 799 pixels"):
        images.decode(encoded(half_red()), max_pixels=799)


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(content):
    with pytest.raises(UnreadableImageError):
        images.decode(content)


@given(st.integers(0, 600))
def test_a_cut_jpeg_is_refused(length):
    content = encoded(half_red())
    with pytest.raises(UnreadableImageError):
        images.decode(content[: min(length, len(content) - 3)])


def test_a_short_shard_says_how_to_mend_it(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"12345")
    assert images.read_span(tmp_path / "a.tar", 1, 2) == b"23"
    with pytest.raises(LesionflowError, match="cut short"):
        images.read_span(tmp_path / "a.tar", 3, 9)
    with pytest.raises(LesionflowError, match="no such shard"):
        images.read_span(tmp_path / "b.tar", 0, 1)


def test_of_several_copies_the_first_record_is_taken(tmp_path):
    table = pd.DataFrame(
        {
            "record_id": ["m:2", "m:1", "m:3"],
            "status": ["stored", "stored", "failed"],
            "sha256": ["x", "x", None],
            "shard": ["b.tar", "a.tar", None],
            "offset": [5, 7, None],
            "length": [1, 1, None],
        }
    )
    found = images.stored_photos(table, tmp_path)
    assert {name: (photo.shard, photo.offset) for name, photo in found.items()} == {"x": (tmp_path / "a.tar", 7)}
