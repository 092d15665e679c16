"""Bytes for an address: a path relative to the manifest, `file:`, or `http(s):`."""

import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from lesionflow.ingest.reasons import Reason, Rejection
from lesionflow.ingest.settings import IngestParams

USER_AGENT = "lesionflow/0.1 (dermatology research pipeline)"
CHUNK = 1 << 16
BODY_TIMEOUTS = 10
"""A body that drips for this many times the timeout is given up."""
# What can heal is tried again, with growing pauses; a server may ask for more patience, but not without end.
RETRY = Retry(
    total=3, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False, retry_after_max=60
)
STATUS = {404: Reason.NOT_FOUND, 410: Reason.NOT_FOUND, 401: Reason.FORBIDDEN, 403: Reason.FORBIDDEN}
ADDRESS_ERRORS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    urllib3.exceptions.LocationValueError,
    UnicodeError,
)
TIMEOUTS = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)


def fetch(address: str, base: Path, settings: IngestParams) -> bytes:
    """The bytes at `address`; a relative path starts at `base`, the manifest's folder.

    Raises
    ------
    Rejection : with the reason for the ledger.
    """
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise Rejection(Reason.UNSUPPORTED_ADDRESS, str(error)) from None
    if parts.scheme in ("http", "https"):
        return _download(address, settings)
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise Rejection(Reason.UNSUPPORTED_ADDRESS, f"file: on host {parts.netloc}")
        return _read(base / unquote(parts.path), settings)
    if "://" in address or "\0" in address:
        raise Rejection(Reason.UNSUPPORTED_ADDRESS, parts.scheme or "a NUL character")
    return _read(base / address, settings)


def _read(path: Path, settings: IngestParams) -> bytes:
    try:
        # Resolving follows links, so that neither .. nor a link leads out of the declared roots.
        real = path.resolve()
        if not any(real.is_relative_to(root.resolve()) for root in settings.file_roots):
            raise Rejection(Reason.OUTSIDE_ROOTS, "not under ingest.file_roots of params.yaml")
        if not real.is_file():
            raise Rejection(Reason.NOT_FOUND, "no such file")
        if real.stat().st_size > settings.max_bytes:
            raise Rejection(Reason.TOO_LARGE, f"{real.stat().st_size} bytes")
        return real.read_bytes()
    except PermissionError:
        raise Rejection(Reason.FORBIDDEN, "no right to read the file") from None
    except (OSError, ValueError, RuntimeError) as error:  # names too long, with NUL, or links in a circle
        raise Rejection(Reason.NOT_FOUND, type(error).__name__) from None


def _download(address: str, settings: IngestParams) -> bytes:
    with requests.Session() as session:
        session.headers["User-Agent"] = USER_AGENT
        for prefix in ("http://", "https://"):
            session.mount(prefix, HTTPAdapter(max_retries=RETRY))
        try:
            with session.get(address, timeout=settings.timeout, stream=True) as response:
                if response.status_code != requests.codes.ok:
                    reason = STATUS.get(response.status_code, Reason.HTTP_ERROR)
                    raise Rejection(reason, f"status {response.status_code}")
                return _body(response, settings)
        except ADDRESS_ERRORS as error:
            raise Rejection(Reason.UNSUPPORTED_ADDRESS, type(error).__name__) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if _timed_out(error):
                raise Rejection(Reason.TIMEOUT, f"no answer within {settings.timeout:g} s") from None
            raise Rejection(Reason.UNREACHABLE, type(error).__name__) from None


def _timed_out(error: Exception) -> bool:
    """Whether a timeout is at the bottom; after retries, requests hides it in an error that wraps another."""
    inner = getattr(error.args[0], "reason", None) if error.args else None
    # urllib3 counts a refused connection among its timeouts.
    refused = isinstance(inner, urllib3.exceptions.NewConnectionError)
    return not refused and any(isinstance(here, TIMEOUTS) for here in (error, inner))


def _body(response: requests.Response, settings: IngestParams) -> bytes:
    content, deadline = bytearray(), time.monotonic() + BODY_TIMEOUTS * settings.timeout
    # read1 returns with what is there, where read would wait for a slow server to fill the chunk.
    while chunk := response.raw.read1(CHUNK, decode_content=True):
        content += chunk
        if len(content) > settings.max_bytes:
            raise Rejection(Reason.TOO_LARGE, f"more than {settings.max_bytes} bytes")
        if time.monotonic() > deadline:
            raise Rejection(Reason.TIMEOUT, f"not whole within {BODY_TIMEOUTS * settings.timeout:g} s")
    return bytes(content)
