"""The whole Fitzpatrick17k manifest, fetched from servers that stand in for its two hosts and fail for a tenth."""

import hashlib
import os
import zlib
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lesionflow.ingest import importing, manifest, records, taxonomy
from lesionflow.ingest.staging import Staging
from tests.ingest.conftest import encoded, limits, picture
from tests.ingest.faults import HOSTS, PHOTO, Handler, serving

SHARED = Path(os.environ.get("LESIONFLOW_SHARED", Path(__file__).parents[3] / "shared")) / "data"
METADATA = SHARED / "manifests/fitzpatrick17k/fitzpatrick17k.csv"
FAULTS = {
    90: ("at_missing", "not_found"),
    91: ("at_gone", "not_found"),
    92: ("at_private", "forbidden"),
    93: ("at_broken", "server_error"),
    94: ("at_html", "html_page"),
    95: ("at_empty", "empty"),
    96: ("at_cut", "checksum_mismatch"),
    97: ("at_other", "checksum_mismatch"),
    98: ("at_loop_here", "too_many_redirects"),
    99: ("at_flapping", ""),  # heals
}

pytestmark = pytest.mark.skipif(not METADATA.exists(), reason="no ../shared/data (set LESIONFLOW_SHARED)")


class StandIn(Handler):
    """A hundredth of the addresses for each fault, told by their path."""

    def do_GET(self):  # noqa: N802
        self.server.hits[self.path] += 1
        behaviour, reason = FAULTS.get(zlib.crc32(self.path.encode()) % 100, ("at_good", ""))
        if self.path == "/robots.txt":
            return self.at_missing()
        self.server.outcomes[self.path] = reason
        return getattr(self, behaviour)()

    def at_other(self):
        self.answer(200, encoded(picture(1)))

    def at_loop_here(self):
        self.answer(302, Location=self.path)


def test_the_ledger_of_a_large_crawl_says_what_the_servers_did(tmp_path):
    out = tmp_path / "data/manifests/fitzpatrick17k.csv"
    importing.import_metadata("fitzpatrick17k", [METADATA], out, tmp_path / "data/taxonomy.yaml")
    table = manifest.collect(out.parent, taxonomy.load(tmp_path / "data/taxonomy.yaml"))
    hosts = sorted({urlsplit(url).netloc for url in table["url"]})
    assert len(hosts) == 2
    with serving(HOSTS[0], StandIn) as one, serving(HOSTS[1], StandIn) as two:
        one.outcomes, two.outcomes = {}, {}
        servers = dict(zip(hosts, (one, two), strict=True))
        table["url"] = [stand_in(url, servers) for url in table["url"]]
        table["checksum"] = f"md5:{hashlib.md5(PHOTO).hexdigest()}"
        settings = limits(tmp_path, per_host=16, retries=2, timeout=20)
        ledger = records.ingest(table, out.parent, Staging(tmp_path / "outputs"), settings)
    assert len(ledger) == len(table) > 16_000
    of_server = {netloc_of(server): server for server in (one, two)}
    done = Counter(of_server[urlsplit(url).netloc].outcomes[path_of(url)] for url in table["url"])
    assert Counter(ledger["reason"]) == done
    assert 0.08 < (ledger["status"] == "failed").mean() < 0.11
    # Nobody is asked in vain: 404, 410, 403 once, 5xx three times, redirects up to their limit.
    asked = defaultdict(set)
    for server in (one, two):
        for path, reason in server.outcomes.items():
            asked[reason].add(server.hits[path])
    assert asked["not_found"] == asked["forbidden"] == {1}
    assert asked["server_error"] == {3}


def stand_in(url, servers):
    parts = urlsplit(url)
    return parts._replace(scheme="http", netloc=netloc_of(servers[parts.netloc])).geturl()


def netloc_of(server):
    return f"{server.server_address[0]}:{server.server_port}"


def path_of(url):
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
