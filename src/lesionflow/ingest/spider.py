"""One crawler, as a program of its own, because Twisted's reactor runs once in a process.

Scrapy brings what a polite crawler needs: robots.txt, delays and throttling by host, redirects, size and time limits,
decompression. Ours are the guard of addresses, the patience between tries, and what becomes of a photo.
"""

import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy.crawler import AsyncCrawlerProcess

from lesionflow.ingest import network, outcomes, patience
from lesionflow.ingest.addresses import is_web
from lesionflow.ingest.admission import Arrival, Body, Row, admit, remote_key
from lesionflow.ingest.crawl import Partition, host_of
from lesionflow.ingest.fetch import fetch
from lesionflow.ingest.reasons import Reason, Rejection
from lesionflow.ingest.settings import IngestParams
from lesionflow.ingest.waiting import Journal, WaitingRoom

USER_AGENT = "lesionflow/0.1 (dermatology research pipeline)"
ACCEPT = {"Accept": "image/*,*/*;q=0.5"}
HOSTS_AT_ONCE = 32
MAX_REDIRECTS = 10
UNUSED = tuple(
    f"scrapy.downloadermiddlewares.{name}"
    for name in (
        "offsite.OffsiteMiddleware", "httpauth.HttpAuthMiddleware", "defaultheaders.DefaultHeadersMiddleware",
        "stats.DownloaderStats", "httpcache.HttpCacheMiddleware",
    )
)  # fmt: skip
"""Middlewares that do nothing for photos but cost time at each."""
SMALL = 1 << 20
"""Bytes; smaller photos are admitted at once: faster than in a thread that wants the same interpreter lock."""
Photo = tuple[str, list[Row]]


def settings_of(settings: IngestParams) -> dict[str, Any]:
    """Our settings in Scrapy's words; components that a crawl of photos does not use are left out."""
    web = settings.web
    return {
        "USER_AGENT": USER_AGENT,
        "ROBOTSTXT_OBEY": web.polite,
        "AUTOTHROTTLE_ENABLED": web.polite,
        "AUTOTHROTTLE_START_DELAY": web.delay,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": web.per_host,
        "DOWNLOAD_DELAY": web.delay if web.polite else 0,
        "CONCURRENT_REQUESTS": web.per_host * HOSTS_AT_ONCE,
        "CONCURRENT_REQUESTS_PER_DOMAIN": web.per_host,
        "DOWNLOAD_TIMEOUT": web.timeout,
        "DOWNLOAD_MAXSIZE": settings.max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_HANDLERS": dict.fromkeys(["data", "file", "s3", "ftp"]),
        "RETRY_TIMES": web.retries,
        "REDIRECT_MAX_TIMES": MAX_REDIRECTS,
        "METAREFRESH_ENABLED": False,
        "STATS_CLASS": "scrapy.statscollectors.DummyStatsCollector",
        "TWISTED_DNS_RESOLVER": network.GuardedResolver,
        network.ALLOWED: web.allowed_networks,
        patience.MAX_WAIT: web.max_wait,
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            **dict.fromkeys(UNUSED),
            patience.PatientRobots: 100,
            patience.PatientRetry: 550,
            network.PrivateAddresses: 560,
        },
        "EXTENSIONS_BASE": {"scrapy.extensions.throttle.AutoThrottle": 0},
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "CRITICAL",
    }


class Photos(scrapy.Spider):
    """Fetches the photos of a partition, host by host, and admits each."""

    name = "photos"
    failure: BaseException | None = None

    def __init__(self, partition: Partition, journal: Journal) -> None:
        super().__init__()
        self.partition, self.journal = partition, journal

    async def start(self) -> AsyncIterator[Any]:
        """Do all the work; requests go through Scrapy's downloader one by one, and nothing is left to schedule."""
        asyncio.get_running_loop().add_reader(sys.stdin, os._exit, 1)
        try:
            await self._all()
        except BaseException as error:
            type(self).failure = error
            raise
        return
        yield

    async def _all(self) -> None:
        gate = asyncio.Semaphore(HOSTS_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for photos in by_host(self.partition.rows):
                tasks.create_task(self._host(iter(photos), gate))

    async def _host(self, photos: Iterator[Photo], gate: asyncio.Semaphore) -> None:
        async with gate, asyncio.TaskGroup() as tasks:
            for _ in range(self.partition.settings.web.per_host):
                tasks.create_task(self._take(photos))

    async def _take(self, photos: Iterator[Photo]) -> None:
        for url, rows in photos:
            photo, final_url = await self._body(url)
            for row in rows:
                mask = None if row.mask is None else (await self._body(row.mask))[0]
                arrival = Arrival(row, remote_key(row), photo, mask, final_url)
                if isinstance(photo, bytes) and len(photo) > SMALL:
                    await asyncio.to_thread(self._admit, arrival)
                else:
                    self._admit(arrival)

    def _admit(self, arrival: Arrival) -> None:
        self.journal.append(admit(arrival, self.journal, max_pixels=self.partition.settings.max_pixels))

    async def _body(self, address: str) -> tuple[Body, str | None]:
        """The bytes at an address of any kind, or why there are none; and the address after redirects."""
        try:
            if is_web(address):
                response = await self._download(address)
                return response.body, response.url
            return await asyncio.to_thread(fetch, address, self.partition.base, self.partition.settings), None
        except Rejection as rejection:
            return rejection, None

    async def _download(self, address: str) -> scrapy.http.Response:
        try:
            request = scrapy.Request(address, headers=ACCEPT, dont_filter=True)
        except ValueError as error:
            raise Rejection(Reason.UNSUPPORTED_ADDRESS, str(error)[:200]) from None
        try:
            response = await self.crawler.engine.download_async(request)
        except Exception as error:
            raise outcomes.of_failure(error) from None
        if response.status != outcomes.OK:
            raise outcomes.of_status(response.status)
        return response


def by_host(rows: list[Row]) -> list[list[Photo]]:
    """Rows by address, so that each is asked for once, and addresses by host; the host with most first."""
    hosts: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        hosts[host_of(row)][row.url].append(row)
    return sorted((list(photos.items()) for photos in hosts.values()), key=len, reverse=True)


def main() -> None:
    """Crawl the partition of the file named on the command line."""
    partition = Partition.read(Path(sys.argv[1]).read_text(encoding="utf-8"))
    process = AsyncCrawlerProcess(settings_of(partition.settings))
    with WaitingRoom(partition.room).journal() as journal:
        process.crawl(Photos, partition=partition, journal=journal)
        process.start()
    if Photos.failure is not None:
        raise Photos.failure


if __name__ == "__main__":
    main()
