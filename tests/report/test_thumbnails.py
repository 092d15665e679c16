import re

import pytest
from PIL import Image

from lesionflow import images
from lesionflow.report import thumbnails
from tests.report.shelf import encoded, shelf


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((640, 480), (213, 160)),  # 160 / 480 = 1/3
        ((100, 50), (100, 50)),  # none is enlarged
        ((1000, 100), (480, 48)),  # the longer side is bounded too
        ((2000, 3), (480, 1)),
    ],
)
def test_picture_is_small_and_its_size_is_told(tmp_path, size, expected):
    made = thumbnails.write(shelf(tmp_path, {"a" * 64: encoded(size)}), {"a" * 64}, tmp_path / "pictures")["a" * 64]
    assert (made.width, made.height) == expected
    with Image.open(tmp_path / "pictures" / made.name) as picture:
        assert picture.size == expected
        assert picture.format == "JPEG"


def test_name_tells_nothing_and_changes_with_all_that_decides_the_picture(tmp_path, monkeypatch):
    photos = shelf(tmp_path, {"ab" * 32: encoded((9, 9))})
    first = thumbnails.write(photos, photos, tmp_path / "first")["ab" * 32].name
    monkeypatch.setattr(thumbnails, "QUALITY", 81)
    second = thumbnails.write(photos, photos, tmp_path / "second")["ab" * 32].name
    assert first != second
    assert re.fullmatch(r"[0-9a-f]{32}\.jpg", first)


def test_pictures_of_an_earlier_run_are_copied_and_their_photos_not_decoded(tmp_path, monkeypatch):
    contents = {name: encoded((300 + place, 200)) for place, name in enumerate("abc")}
    photos = shelf(tmp_path, contents)
    scratch = thumbnails.write(photos, photos, tmp_path / "scratch")
    thumbnails.write(photos, ["a", "b"], tmp_path / "earlier")
    (tmp_path / "earlier" / scratch["b"].name).write_bytes(b"")  # as a run that was killed may leave it
    decoded, whole = [], images.decode
    monkeypatch.setenv("LESIONFLOW_BACKEND", "sequential")
    monkeypatch.setattr(images, "decode", lambda content, **kinds: decoded.append(content) or whole(content, **kinds))
    grown = thumbnails.write(photos, photos, tmp_path / "grown", earlier=tmp_path / "earlier")
    assert grown == scratch
    assert decoded == [contents["b"], contents["c"]]
    for made in grown.values():
        assert (tmp_path / "grown" / made.name).read_bytes() == (tmp_path / "scratch" / made.name).read_bytes()


def test_nothing_that_is_said_in_the_file_is_carried_over(tmp_path):
    exif = Image.Exif()
    exif[270] = "a stranger's note"
    content = encoded((300, 200), exif=exif, comment=b"a stranger's note", icc_profile=b"a stranger's note")
    made = thumbnails.write(shelf(tmp_path, {"a": content}), ["a"], tmp_path / "pictures")["a"]
    assert b"stranger" in content
    assert b"stranger" not in (tmp_path / "pictures" / made.name).read_bytes()


def test_what_is_not_stored_or_not_decodable_has_no_picture(tmp_path):
    photos = shelf(
        tmp_path, {"broken": b"\xff\xd8\xff no picture", "cut": encoded((90, 90))[:500], "a": encoded((9, 9))}
    )
    assert set(thumbnails.write(photos, {"a", "absent", "broken", "cut"}, tmp_path / "pictures")) == {"a"}
    assert len(list((tmp_path / "pictures").iterdir())) == 1


def test_only_the_wanted_are_decoded(tmp_path, monkeypatch):
    decoded = []
    whole = images.decode
    monkeypatch.setattr(images, "decode", lambda content, **kinds: decoded.append(content) or whole(content, **kinds))
    contents = {name: encoded((20 + place, 20)) for place, name in enumerate("abc")}
    thumbnails.write(shelf(tmp_path, contents), {"b"}, tmp_path / "pictures")
    assert decoded == [contents["b"]]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_same_photos_give_the_same_bytes_with_any_number_of_workers(tmp_path, monkeypatch, workers):
    monkeypatch.setenv("LESIONFLOW_WORKERS", workers)
    contents = {f"{place:064x}": encoded((300 + place, 200), "PNG" if place % 2 else "JPEG") for place in range(40)}
    photos = shelf(tmp_path, contents)
    first, second = (thumbnails.write(photos, photos, tmp_path / name) for name in ("first", "second"))
    assert first == second
    assert len(first) == 40
    for made in first.values():
        assert (tmp_path / "first" / made.name).read_bytes() == (tmp_path / "second" / made.name).read_bytes()
