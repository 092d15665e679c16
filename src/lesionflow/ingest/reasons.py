"""Why a manifest row did not become a photo: the closed list."""

from enum import StrEnum


class Reason(StrEnum):
    """Reasons of failure, as they stand in table ingested."""

    UNSUPPORTED_ADDRESS = "unsupported_address"
    OUTSIDE_ROOTS = "outside_roots"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    HTTP_ERROR = "http_error"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    CHECKSUM_MISMATCH = "checksum_mismatch"
    NOT_AN_IMAGE = "not_an_image"
    TOO_MANY_PIXELS = "too_many_pixels"
    UNDECODABLE = "undecodable"


class Rejection(Exception):  # noqa: N818 (an outcome of one row, not an error of the program)
    """One row's failure, on its way to the ledger."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
