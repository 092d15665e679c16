"""Why a manifest row did not become a photo: the closed list."""

from enum import StrEnum


class Reason(StrEnum):
    """Reasons of failure, as they stand in table ingested."""

    # The address
    UNSUPPORTED_ADDRESS = "unsupported_address"
    OUTSIDE_ROOTS = "outside_roots"
    PRIVATE_ADDRESS = "private_address"
    ROBOTS = "refused_by_robots_txt"
    # The server, or the disk
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    HTTP_ERROR = "http_error"
    REDIRECTS = "too_many_redirects"
    UNRESOLVED = "host_not_found"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    INCOMPLETE = "incomplete"
    # The body
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    CHECKSUM_MISMATCH = "checksum_mismatch"
    HTML = "html_page"
    SVG = "svg"
    NOT_AN_IMAGE = "not_an_image"
    TOO_MANY_PIXELS = "too_many_pixels"
    TRUNCATED = "truncated"
    UNDECODABLE = "undecodable"


HEALABLE = frozenset(
    {Reason.RATE_LIMITED, Reason.SERVER_ERROR, Reason.UNRESOLVED, Reason.UNREACHABLE, Reason.TIMEOUT, Reason.INCOMPLETE}
)
"""What a later run may well find mended."""

OF_SETTINGS = frozenset({Reason.OUTSIDE_ROOTS, Reason.PRIVATE_ADDRESS, Reason.TOO_LARGE, Reason.TOO_MANY_PIXELS})
"""What params.yaml refuses, so that another params.yaml may allow it; asking again costs next to nothing."""


class Rejection(Exception):  # noqa: N818 (an outcome of one row, not an error of the program)
    """One row's failure, on its way to the ledger."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
