import contextlib
import os

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lesionflow.ingest import fetch as fetching
from lesionflow.ingest.fetch import fetch
from lesionflow.ingest.reasons import Reason, Rejection
from tests.ingest.faults import PHOTO, serving


@pytest.fixture(scope="module")
def server():
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Retries as ever, but with no pause between them, and a drip is given up after two timeouts."""
    monkeypatch.setattr(fetching, "RETRY", fetching.RETRY.new(backoff_factor=0))
    monkeypatch.setattr(fetching, "BODY_TIMEOUTS", 2)


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


def url(server, name):
    return f"http://127.0.0.1:{server.server_port}/{name}"


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
        ("s3://bucket/a.jpg", Reason.UNSUPPORTED_ADDRESS),
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


@pytest.mark.parametrize("name", ["good.jpg", "moved.jpg"])
def test_a_photo_comes_over_http_and_redirects(server, base, settings, name):
    assert fetch(url(server, name), base, settings) == PHOTO
    assert server.agents == {fetching.USER_AGENT}


# Asked four times in all (three retries) where a second try may heal, once where it cannot.
@pytest.mark.parametrize(
    ("name", "reason", "detail", "asked"),
    [
        ("missing.jpg", Reason.NOT_FOUND, "status 404", 1),
        ("gone.jpg", Reason.NOT_FOUND, "status 410", 1),
        ("private.jpg", Reason.FORBIDDEN, "status 403", 1),
        ("broken.jpg", Reason.HTTP_ERROR, "status 500", 4),
        ("large.jpg", Reason.TOO_LARGE, "more than 100000 bytes", 1),
        ("endless.jpg", Reason.TOO_LARGE, "more than 100000 bytes", 1),
        ("stalled.jpg", Reason.TIMEOUT, "no answer within 0.5 s", 4),
        ("drip.jpg", Reason.TIMEOUT, "not whole within 1 s", 1),
        ("short.jpg", Reason.UNREACHABLE, "ProtocolError", 1),
        ("torn.jpg", Reason.UNREACHABLE, "InvalidHeader", 1),
        ("garbled.jpg", Reason.UNREACHABLE, "DecodeError", 1),
        ("file.jpg", Reason.UNSUPPORTED_ADDRESS, "InvalidSchema", 1),
    ],
)
def test_a_server_that_fails_has_its_reason(server, base, settings, name, reason, detail, asked):
    got_reason, got_detail = rejection(url(server, name), base, settings)
    assert (got_reason, server.hits[f"/{name}"]) == (reason, asked)
    assert detail in got_detail


def test_a_server_that_recovers_is_asked_again(server, base, settings):
    assert fetch(url(server, "healing.jpg"), base, settings) == PHOTO
    assert server.hits["/healing.jpg"] == 3


def test_a_closed_port_is_unreachable(base, settings):
    with serving() as gone:
        address = url(gone, "good.jpg")
    assert rejection(address, base, settings)[0] == Reason.UNREACHABLE


@given(address=st.text(max_size=40).filter(lambda text: not text.lower().lstrip().startswith("http")))
@hypothesis_settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_address_is_bytes_or_a_reason(base, settings, address):
    with contextlib.suppress(Rejection):
        assert isinstance(fetch(address, base, settings), bytes)
