import hashlib

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import ImageFile

from lesionflow import images
from lesionflow.ingest import admission
from lesionflow.ingest.admission import Arrival, Row, admit
from lesionflow.ingest.reasons import Reason, Rejection
from tests.ingest.conftest import encoded, personal_exif, picture
from tests.ingest.test_privacy import personal_photos

ROW = Row("clinic:1", "../a.jpg", None, None)


class Kept:
    """A journal that keeps the photos in memory."""

    def __init__(self):
        self.photos = []

    def put(self, content):
        self.photos.append(content)
        return {"sha256": hashlib.sha256(content).hexdigest(), "offset": 0, "length": len(content)}


def admitted(photo, mask=None, row=ROW, max_pixels=10_000):
    kept = Kept()
    return admit(Arrival(row, "key", photo, mask), kept, max_pixels=max_pixels), kept.photos


def test_a_photo_that_arrived_is_stored_without_personal_data():
    photo = encoded(picture(), exif=personal_exif(6))
    finding, (stored,) = admitted(photo)
    assert (finding["status"], finding["reason"], finding["format"]) == ("stored", "", "jpg")
    assert (finding["width"], finding["height"]) == (16, 24)  # orientation 6 is a quarter turn of 24 x 16
    assert finding["fetched_sha256"] == hashlib.sha256(photo).hexdigest()
    assert finding["fetched_length"] == len(photo)
    assert finding["sha256"] == hashlib.sha256(stored).hexdigest()
    assert b"Serial-4711" not in stored


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_photo_and_mask_are_decoded_once_each(form, monkeypatch):
    decoded = []
    plain = ImageFile.ImageFile.load

    def load(self):
        decoded.extend([self.format] * bool(self.tile))
        return plain(self)

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    admitted(encoded(picture(), form), encoded(picture(1), "PNG"))
    assert decoded == [form, "PNG"]


def test_what_did_not_arrive_says_why():
    finding, photos = admitted(Rejection(Reason.TIMEOUT, "no answer"))
    assert (finding["status"], finding["reason"], finding["detail"]) == ("failed", "timeout", "no answer")
    assert photos == []


def test_what_arrived_and_is_no_photo_keeps_its_hash():
    finding, _ = admitted(b"<html>")
    assert (finding["reason"], finding["fetched_sha256"]) == ("html_page", hashlib.sha256(b"<html>").hexdigest())
    assert "sha256" not in finding


def test_a_mask_of_the_photos_size_is_stored_with_it():
    finding, (_, mask) = admitted(encoded(picture()), encoded(picture(1).convert("L"), "BMP"))
    assert finding["mask_sha256"] == hashlib.sha256(mask).hexdigest()
    assert (finding["mask_offset"], finding["mask_length"]) == (0, len(mask))
    assert mask.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("mask", "detail"),
    [
        (Rejection(Reason.NOT_FOUND, "no such file"), "mask: not_found: no such file"),
        (b"<html>", "mask: html_page: starts with b'<html>'"),
        (encoded(picture(size=(8, 8)), "PNG"), "mask: 8x8, photo 24x16"),
        (encoded(picture(), "PNG")[:-200], "mask: truncated: not a picture that can be decoded"),
    ],
)
def test_a_photo_counts_without_its_bad_mask_and_says_so(mask, detail):
    finding, photos = admitted(encoded(picture()), mask)
    assert finding["status"] == "stored"
    assert finding["detail"].startswith(detail)
    assert len(photos) == 1


def test_a_jpeg_that_is_not_made_by_the_book_becomes_png():
    photo = encoded(picture(), exif=personal_exif(6))
    photo = photo[:2] + b"\xff\xfe\x00\x01" + photo[2:]  # a comment shorter than its own length; decoders pass it
    finding, (stored,) = admitted(photo)
    assert finding["format"] == "png"
    assert images.decode(stored).tobytes() == images.decode(photo).tobytes()
    assert b"Serial-4711" not in stored


def test_a_damaged_scan_is_not_cut_into_another_picture():
    photo = bytearray(encoded(picture(size=(80, 60))))
    photo[-400:-398] = b"\xff\x05"  # a marker that there is not, in the midst of the pixels
    finding, photos = admitted(bytes(photo))
    if finding["status"] == "stored":
        assert images.decode(photos[0]).tobytes() == images.decode(bytes(photo)).tobytes()


def test_keys_change_with_what_a_finding_depends_on():
    remote = [ROW, ROW._replace(url="../b.jpg"), ROW._replace(checksum="md5:0"), ROW._replace(mask="../m.png")]
    assert len({admission.remote_key(row) for row in remote}) == 4
    assert admission.remote_key(ROW) == admission.remote_key(ROW._replace(record_id="other:2"))
    bodies = [(b"a", None), (b"b", None), (b"a", b"m"), (Rejection(Reason.NOT_FOUND, "no such file"), None)]
    assert len({admission.local_key(ROW, *pair) for pair in bodies}) == 4
    assert admission.local_key(ROW, b"a", None) == admission.local_key(ROW._replace(url="../moved.jpg"), b"a", None)


SEEDS = list(personal_photos(6).values())


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, 400),
)
@hypothesis_settings(max_examples=300, deadline=None)
def test_a_damaged_photo_is_rejected_or_stored_without_a_changed_pixel(photo, changes, cut):
    damaged = bytearray(photo)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    damaged = bytes(damaged[: len(damaged) - cut] if cut % 3 == 0 else damaged)
    finding, photos = admitted(damaged)
    if finding["status"] == "failed":
        assert finding["reason"] in set(Reason)
    else:
        assert images.decode(photos[0]).tobytes() == images.decode(damaged).tobytes()
