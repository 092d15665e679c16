import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.ingest import addresses
from lesionflow.ingest.addresses import Kind
from lesionflow.ingest.reasons import Reason, Rejection


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("../photos/a.jpg", Kind.FILE),
        ("häut 1.jpg", Kind.FILE),
        ("a:b.jpg", Kind.FILE),
        ("file:../a.jpg", Kind.FILE),
        ("http://x.org/a.jpg", Kind.WEB),
        ("HTTPS://X.org:8443/a.jpg?b=c", Kind.WEB),
        ("http://[2001:db8::1]/a.jpg", Kind.WEB),
        ("s3://bucket/a.jpg", Kind.STORE),
        ("gs://bucket/a.jpg", Kind.STORE),
    ],
)
def test_an_address_is_of_one_kind(address, kind):
    assert addresses.kind(address) is kind
    assert addresses.is_remote(address) == (kind is not Kind.FILE)
    assert addresses.is_web(address) == (kind is Kind.WEB)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://x.org/a.jpg",
        "simplecache::s3://bucket/a.jpg",
        "s3://bucket/a.jpg::file:///etc/passwd",
        "http://",
        "s3:///a.jpg",
        "http://[::1/a.jpg",
        "http://x.org:port/a.jpg",
        "http://a..b/",
        f"http://{'x' * 64}.org/",
        "a\0b",
        "x" * 8193,
    ],
)
def test_what_names_no_place_is_refused(address):
    with pytest.raises(Rejection) as caught:
        addresses.kind(address)
    assert caught.value.reason == Reason.UNSUPPORTED_ADDRESS
    assert not addresses.is_remote(address)


def test_a_host_is_told_without_case_and_port():
    assert addresses.host("https://User@X.Org:8443/a.jpg") == "x.org"
    assert addresses.host("../a.jpg") == addresses.host("s3://bucket/a.jpg") == ""


@given(st.text(max_size=60) | st.text("htps:/[]@.%x0", max_size=20))
def test_any_text_has_a_kind_or_a_reason(address):
    with contextlib.suppress(Rejection):
        assert addresses.kind(address) in set(Kind)
    assert isinstance(addresses.host(address), str)
