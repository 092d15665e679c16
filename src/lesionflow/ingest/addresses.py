"""What kind of place an address names. Addresses come from strangers: what is not known is refused."""

from enum import Enum
from functools import lru_cache
from urllib.parse import urlsplit

from lesionflow.ingest.reasons import Reason, Rejection

OBJECT_STORES = {"s3": "s3fs", "gs": "gcsfs"}
"""Schemes of object stores, and the package that fsspec needs for each."""

LONGEST = 8192
"""Characters; servers refuse longer addresses."""


class Kind(Enum):
    """Web (http, https), object store, or a file."""

    WEB = "web"
    STORE = "store"
    FILE = "file"


def kind(address: str) -> Kind:
    """The kind of an address.

    Raises
    ------
    Rejection : a scheme that is not served, or no address at all.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname
        parts.port  # noqa: B018 (raises for what is no port)
        _refuse_impossible(host or "")
    except ValueError as error:
        raise Rejection(Reason.UNSUPPORTED_ADDRESS, str(error)) from None
    if len(address) > LONGEST or "\0" in address:
        raise Rejection(Reason.UNSUPPORTED_ADDRESS, f"a NUL character, or over {LONGEST} characters")
    if parts.scheme in ("http", "https", *OBJECT_STORES) and not host:
        raise Rejection(Reason.UNSUPPORTED_ADDRESS, "no host")
    if parts.scheme in ("http", "https"):
        return Kind.WEB
    # fsspec would follow "s3://a::file://b" into another file system.
    if parts.scheme in OBJECT_STORES and "::" not in address:
        return Kind.STORE
    if parts.scheme == "file" or "://" not in address:
        return Kind.FILE
    raise Rejection(Reason.UNSUPPORTED_ADDRESS, parts.scheme)


@lru_cache(maxsize=1024)
def _refuse_impossible(host: str) -> None:
    """Raise ValueError for what can be no host's name."""
    host.encode("idna")


def kind_or_none(address: str | None) -> Kind | None:
    """The kind of an address; None where there is none, or none that is served."""
    try:
        return None if address is None else kind(address)
    except Rejection:
        return None


def is_remote(address: str | None) -> bool:
    """Whether there is an address and it names another machine; one that names nothing is not remote."""
    return kind_or_none(address) in (Kind.WEB, Kind.STORE)


def is_web(address: str | None) -> bool:
    """Whether there is an address and it is one of the web."""
    return kind_or_none(address) is Kind.WEB


def host(address: str) -> str:
    """The host of a web address, lower case; "" where there is none."""
    return (urlsplit(address).hostname or "") if is_web(address) else ""
