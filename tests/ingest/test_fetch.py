import contextlib
import os

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lesionflow.ingest import addresses
from lesionflow.ingest.fetch import fetch
from lesionflow.ingest.reasons import Reason, Rejection
from tests.ingest.faults import PHOTO


@pytest.fixture
def base(tmp_path):
    """data/manifests with a photo beside it and a secret outside."""
    (tmp_path / "data" / "manifests").mkdir(parents=True)
    (tmp_path / "data" / "photo one.jpg").write_bytes(PHOTO)
    (tmp_path / "secret.jpg").write_bytes(PHOTO)
    return tmp_path / "data" / "manifests"


def rejection(address, base, settings):
    with pytest.raises(Rejection) as caught:
        fetch(address, base, settings)
    return caught.value.reason, caught.value.detail


def test_a_relative_path_starts_at_the_manifest(base, settings):
    assert fetch("../photo one.jpg", base, settings) == PHOTO


def test_a_file_uri_is_unquoted(base, settings):
    assert fetch((base.parent / "photo one.jpg").as_uri(), base, settings) == PHOTO
    assert fetch("file:../photo%20one.jpg", base, settings) == PHOTO


@pytest.mark.parametrize("address", ["../../secret.jpg", "/etc/passwd", "file:///etc/passwd", "../../../../etc/passwd"])
def test_no_path_leads_out_of_the_roots(base, settings, address):
    assert rejection(address, base, settings)[0] == Reason.OUTSIDE_ROOTS


def test_no_link_leads_out_of_the_roots(base, settings, tmp_path):
    (base / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (base / "folder").symlink_to(tmp_path, target_is_directory=True)
    assert rejection("link.jpg", base, settings)[0] == Reason.OUTSIDE_ROOTS
    assert rejection("folder/secret.jpg", base, settings)[0] == Reason.OUTSIDE_ROOTS


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("none.jpg", Reason.NOT_FOUND),
        ("..", Reason.NOT_FOUND),  # a folder
        ("x" * 5000, Reason.NOT_FOUND),
        ("circle", Reason.NOT_FOUND),
        ("pipe", Reason.NOT_FOUND),
        ("file:%00", Reason.NOT_FOUND),
        ("big.jpg", Reason.TOO_LARGE),
        ("\0", Reason.UNSUPPORTED_ADDRESS),
        ("ftp://x.org/a.jpg", Reason.UNSUPPORTED_ADDRESS),
        ("s3://bucket/a::file:///etc/passwd", Reason.UNSUPPORTED_ADDRESS),
        ("simplecache::s3://bucket/a.jpg", Reason.UNSUPPORTED_ADDRESS),
        ("file://elsewhere/a.jpg", Reason.UNSUPPORTED_ADDRESS),
        ("http://[::1/a.jpg", Reason.UNSUPPORTED_ADDRESS),
        ("http://", Reason.UNSUPPORTED_ADDRESS),
        ("http://a..b/", Reason.UNSUPPORTED_ADDRESS),
    ],
)
def test_an_address_that_leads_nowhere_has_its_reason(base, settings, address, reason):
    (base / "circle").symlink_to(base / "circle")
    os.mkfifo(base / "pipe")
    (base / "big.jpg").write_bytes(bytes(settings.max_bytes + 1))
    assert rejection(address, base, settings)[0] == reason


@given(address=st.text(max_size=40).filter(lambda text: not addresses.is_web(text)))
@hypothesis_settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_address_is_bytes_or_a_reason(base, settings, address):
    with contextlib.suppress(Rejection):
        assert isinstance(fetch(address, base, settings), bytes)
