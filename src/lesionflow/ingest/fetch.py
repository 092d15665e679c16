"""Bytes from a file or an object store. What lies on the web, `spider` fetches."""

from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import fsspec

from lesionflow.errors import LesionflowError
from lesionflow.ingest.addresses import OBJECT_STORES, Kind, kind
from lesionflow.ingest.reasons import Reason, Rejection
from lesionflow.ingest.settings import IngestParams


def fetch(address: str, base: Path, settings: IngestParams) -> bytes:
    """The bytes at `address`; a relative path starts at `base`, the manifest's folder.

    Raises
    ------
    Rejection : with the reason for the ledger.
    """
    if kind(address) is Kind.STORE:
        return _from_store(address, settings)
    parts = urlsplit(address)
    if parts.scheme != "file":
        return _read(base / address, settings)
    if parts.netloc not in ("", "localhost"):
        raise Rejection(Reason.UNSUPPORTED_ADDRESS, f"file: on host {parts.netloc}")
    return _read(base / unquote(parts.path), settings)


def refuse_missing_package(address: str) -> None:
    """Stop before anything is fetched when an object store's package is not installed.

    Raises
    ------
    LesionflowError : names the package.
    """
    package = OBJECT_STORES.get(urlsplit(address).scheme)
    if package is not None and find_spec(package) is None:
        raise LesionflowError(
            f"manifest: addresses {address}",
            got=f"no package {package}",
            expected=f"{package}, through which this object store is read",
            remedy=f"pip install {package}",
        )


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


def _from_store(address: str, settings: IngestParams) -> bytes:
    """Read at most one byte more than allowed; credentials come as the store's own tools take them."""
    try:
        with fsspec.open(address, "rb") as file:
            content: bytes = file.read(settings.max_bytes + 1)
    except FileNotFoundError:
        raise Rejection(Reason.NOT_FOUND, "no such object") from None
    except PermissionError:
        raise Rejection(Reason.FORBIDDEN, "the object store refuses") from None
    except TimeoutError as error:
        raise Rejection(Reason.TIMEOUT, type(error).__name__) from None
    except Exception as error:
        raise Rejection(Reason.UNREACHABLE, f"{type(error).__name__}: {error}"[:300]) from None
    if len(content) > settings.max_bytes:
        raise Rejection(Reason.TOO_LARGE, f"more than {settings.max_bytes} bytes")
    return content
