"""From a row and its bytes to a finding: a photo in the waiting room, or a reason."""

import hashlib
from typing import NamedTuple

from lesionflow.ingest.privacy import as_png, strip
from lesionflow.ingest.reasons import Rejection
from lesionflow.ingest.verify import Verified, verify
from lesionflow.ingest.waiting import Finding, Journal

VERSION = 1
"""Raise it when the same bytes would be judged or stored in another way than before: all rows are then done anew."""
Body = bytes | Rejection


class Row(NamedTuple):
    """What ingestion needs of a manifest row."""

    record_id: str
    url: str
    checksum: str | None
    mask: str | None


def remote_key(row: Row) -> str:
    """What a remote row's finding depends on, as far as it is known before fetching."""
    return _digest(row.url, row.checksum, row.mask)


def local_key(row: Row, photo: Body, mask: Body | None) -> str:
    """What a local row's finding depends on: the bytes that lie there now."""
    return _digest(_told(photo), row.checksum, None if mask is None else _told(mask))


def _told(body: Body) -> str:
    return str(body) if isinstance(body, Rejection) else hashlib.sha256(body).hexdigest()


def _digest(*parts: str | None) -> str:
    return hashlib.sha256(repr((VERSION, *parts)).encode()).hexdigest()[:16]


class Arrival(NamedTuple):
    """What came for a row: its key, the bodies of photo and mask, and the photo's address after redirects."""

    row: Row
    key: str
    photo: Body
    mask: Body | None = None
    final_url: str | None = None


def admit(arrival: Arrival, journal: Journal, *, max_pixels: int) -> Finding:
    """Verify the bodies, strip them of personal data, and put them into the waiting room.

    Returns the row's finding; a photo counts without its mask, and then says why.
    """
    row, photo = arrival.row, arrival.photo
    finding: Finding = {"record_id": row.record_id, "key": arrival.key, "status": "failed"}
    finding |= {"final_url": arrival.final_url}
    if isinstance(photo, Rejection):
        return finding | _why(photo)
    finding |= {"fetched_sha256": hashlib.sha256(photo).hexdigest(), "fetched_length": len(photo)}
    try:
        verified = verify(photo, row.checksum, max_pixels=max_pixels)
    except Rejection as rejection:
        return finding | _why(rejection)
    content, extension = strip(photo, verified.extension, verified.orientation)
    finding |= {"status": "stored", "reason": "", "detail": "", "format": extension, **journal.put(content)}
    finding |= {"width": verified.width, "height": verified.height}
    return finding if arrival.mask is None else finding | _mask(arrival.mask, verified, journal, max_pixels)


def _why(rejection: Rejection) -> Finding:
    return {"reason": str(rejection.reason), "detail": rejection.detail}


def _mask(mask: Body, photo: Verified, journal: Journal, max_pixels: int) -> Finding:
    """Store the mask as PNG, or say why not."""
    try:
        if isinstance(mask, Rejection):
            raise mask
        verified = verify(mask, None, max_pixels=max_pixels)
    except Rejection as rejection:
        return {"detail": f"mask: {rejection}"}
    if (verified.width, verified.height) != (photo.width, photo.height):
        return {"detail": f"mask: {verified.width}x{verified.height}, photo {photo.width}x{photo.height}"}
    return {f"mask_{name}": value for name, value in journal.put(as_png(mask, verified.orientation)).items()}
