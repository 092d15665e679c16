"""Bytes for an address: a path relative to the manifest, `file:`, or `http(s):`."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from lesionflow.ingest.reasons import Reason, Rejection
from lesionflow.ingest.settings import IngestParams

USER_AGENT = "lesionflow/0.1 (dermatology research pipeline)"
CHUNK = 1 << 16
# What can heal is tried again, with growing pauses; Retry-After is honoured by urllib3.
RETRY = Retry(total=3, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False)
STATUS = {404: Reason.NOT_FOUND, 410: Reason.NOT_FOUND, 401: Reason.FORBIDDEN, 403: Reason.FORBIDDEN}


def fetch(address: str, base: Path, settings: IngestParams) -> bytes:
    """The bytes at `address`; a relative path starts at `base`, the manifest's folder.

    Raises
    ------
    Rejection : with the reason for the ledger.
    """
    scheme = urlsplit(address).scheme.lower()
    if scheme in ("http", "https"):
        return _download(address, settings)
    if scheme == "file":
        parts = urlsplit(address)
        if parts.netloc not in ("", "localhost"):
            raise Rejection(Reason.UNSUPPORTED_ADDRESS, f"file: on host {parts.netloc}")
        return _read(Path(unquote(parts.path)), settings)
    # One letter before the colon is a drive, not a scheme; anything else with :// is an address that we don't serve.
    if "://" in address or "\0" in address:
        raise Rejection(Reason.UNSUPPORTED_ADDRESS, scheme or "a NUL character")
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
    except (OSError, ValueError) as error:
        raise Rejection(Reason.NOT_FOUND, f"{type(error).__name__}") from None


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
                return _body(response, settings.max_bytes)
        except requests.Timeout:
            raise Rejection(Reason.TIMEOUT, f"no answer within {settings.timeout:g} s") from None
        except requests.RequestException as error:
            raise Rejection(Reason.UNREACHABLE, type(error).__name__) from None
        except ValueError as error:  # requests lets a few malformed addresses through to its parsers
            raise Rejection(Reason.UNSUPPORTED_ADDRESS, type(error).__name__) from None


def _body(response: requests.Response, max_bytes: int) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(CHUNK):
        content += chunk
        if len(content) > max_bytes:
            raise Rejection(Reason.TOO_LARGE, f"more than {max_bytes} bytes")
    return bytes(content)
