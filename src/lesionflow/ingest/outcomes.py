"""What came of a request, as a reason of the closed list."""

import zlib
from gzip import BadGzipFile

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)

from lesionflow.ingest.network import PrivateAddressError
from lesionflow.ingest.patience import HostAsksToWaitError
from lesionflow.ingest.reasons import Reason, Rejection

OK = 200
STATUS = {
    401: Reason.FORBIDDEN, 403: Reason.FORBIDDEN, 451: Reason.FORBIDDEN, 404: Reason.NOT_FOUND, 410: Reason.NOT_FOUND,
    408: Reason.TIMEOUT, 429: Reason.RATE_LIMITED,
}  # fmt: skip
FAILURES: dict[type[Exception], Reason] = {
    HostAsksToWaitError: Reason.RATE_LIMITED,
    PrivateAddressError: Reason.PRIVATE_ADDRESS,
    CannotResolveHostError: Reason.UNRESOLVED,
    DownloadTimeoutError: Reason.TIMEOUT,
    DownloadConnectionRefusedError: Reason.UNREACHABLE,
    ResponseDataLossError: Reason.INCOMPLETE,
    BadGzipFile: Reason.INCOMPLETE,
    EOFError: Reason.INCOMPLETE,
    zlib.error: Reason.INCOMPLETE,
    DownloadCancelledError: Reason.TOO_LARGE,
    UnsupportedURLSchemeError: Reason.UNSUPPORTED_ADDRESS,
}
# Scrapy tells these apart by their words only; tests on a real server hold them.
IGNORED = {"robots.txt": Reason.ROBOTS, "redirections": Reason.REDIRECTS, "DOWNLOAD_MAXSIZE": Reason.TOO_LARGE}


def of_status(status: int) -> Rejection:
    """The rejection of a response whose status is not 200."""
    reason = STATUS.get(status, Reason.SERVER_ERROR if status // 100 == 5 else Reason.HTTP_ERROR)
    return Rejection(reason, f"status {status}")


def of_failure(error: Exception) -> Rejection:
    """The rejection of a request that ended in an exception of the download."""
    if type(error) is IgnoreRequest:
        reason = next((reason for words, reason in IGNORED.items() if words in str(error)), Reason.HTTP_ERROR)
    else:
        reason = FAILURES.get(type(error), Reason.UNREACHABLE)
    return Rejection(reason, f"{type(error).__name__}: {error}"[:200])
