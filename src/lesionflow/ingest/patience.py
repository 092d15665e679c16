"""Trying again: with growing pauses what can heal, and never before the time that a server asks for."""

import asyncio
import time
from collections import defaultdict
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.robotstxt import RobotParser
from scrapy.settings import BaseSettings
from scrapy.utils.httpobj import urlparse_cached

FIRST_PAUSE = 0.5
"""Seconds before the second try; doubled before each further one."""
MAX_WAIT = "LESIONFLOW_MAX_WAIT"
ASKS_TO_WAIT = (429, 503)


class HostAsksToWaitError(IgnoreRequest):
    """A server asks for more patience than ingest.web.max_wait."""


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for: a number or a date (RFC 9110, 10.2.3); None if it is neither.

    >>> retry_after("120", datetime.now(UTC))
    120.0
    """
    if value.strip().isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())


class PatientRetry(RetryMiddleware):
    """Scrapy's retries with pauses; when a server names a time, all requests to its host wait for it."""

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__(settings)
        self.max_wait = settings.getfloat(MAX_WAIT)
        self.free_at: dict[str, float] = {}
        self.given_up: dict[str, str] = {}

    async def process_request(self, request: Request) -> None:
        """Wait until the host may be asked again.

        Raises
        ------
        HostAsksToWaitError : that would take too long.
        """
        host = _host(request)
        if host in self.given_up:
            raise HostAsksToWaitError(self.given_up[host])
        while (wait := self.free_at.get(host, 0) - time.monotonic()) > 0:
            await asyncio.sleep(wait)

    async def process_response(  # type: ignore[override] # Scrapy takes coroutines too
        self, request: Request, response: Response
    ) -> Request | Response:
        """The response, or the request to try again, after a pause."""
        if response.status in ASKS_TO_WAIT:
            self._heed(_host(request), response)
        return await self._paused(super().process_response(request, response))

    async def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception
    ) -> Request | Response | None:
        """The request to try again after a pause, or None if it is of no use."""
        again = super().process_exception(request, exception)
        return None if again is None else await self._paused(again)

    def _heed(self, host: str, response: Response) -> None:
        header = response.headers.get("Retry-After")
        wait = retry_after(header.decode("latin-1"), datetime.now(UTC)) if header else None
        if wait is not None and wait > self.max_wait:
            self.given_up[host] = f"asks to wait {wait:.0f} s, ingest.web.max_wait is {self.max_wait:g} s"
        elif wait is not None:
            self.free_at[host] = max(self.free_at.get(host, 0), time.monotonic() + wait)

    async def _paused(self, outcome: Request | Response) -> Request | Response:
        if isinstance(outcome, Request):
            await asyncio.sleep(FIRST_PAUSE * 2 ** (outcome.meta["retry_times"] - 1))
        return outcome


class PatientRobots(RobotsTxtMiddleware):
    """Scrapy's obedience to robots.txt, for requests that come at once.

    In Scrapy 2.19, of several requests that wait for one robots.txt only the first is told of it; the others pass.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._one_at_a_time: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules of the request's host; None if it has none."""
        async with self._one_at_a_time[urlparse_cached(request).netloc]:
            return await super().robot_parser(request)


def _host(request: Request) -> str:
    return urlparse_cached(request).hostname or ""
