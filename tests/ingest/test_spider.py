"""The crawl against a server that misbehaves in every way we know: each row ends with its exact reason."""

import hashlib
import itertools

import pytest

from lesionflow.images import decode, stored_photos
from lesionflow.ingest import records, spider
from lesionflow.ingest.staging import Staging
from tests.ingest.conftest import limits, manifest_of
from tests.ingest.faults import HOSTS, PHOTO, serving

# Path: reason and how often it is asked for. What may heal is asked for four times (three retries).
FAULTS = {
    "good.jpg": ("", 2),  # itself, and as where a redirect leads
    "good-2.jpg?size=a%20b&x=1": ("", 1),
    "h%C3%A4ut.jpg": ("", 2),  # two spellings of one address
    "plain.jpg": ("", 1),
    "moved.jpg": ("", 1),
    "wall.jpg": ("", 2),
    "flapping.jpg": ("", 3),
    "zipped.jpg": ("", 1),
    "polyglot.jpg": ("", 1),
    "heic.heic": ("", 1),
    "cmyk.jpg": ("", 1),
    "deep.png": ("", 1),
    "film.gif": ("", 1),
    "missing.jpg": ("not_found", 1),
    "gone.jpg": ("not_found", 1),
    "private.jpg": ("forbidden", 1),
    "members.jpg": ("forbidden", 1),
    "censored.jpg": ("forbidden", 1),
    "teapot.jpg": ("http_error", 1),
    "nothing.jpg": ("http_error", 1),
    "part.jpg": ("http_error", 1),
    "broken.jpg": ("server_error", 4),
    "unavailable.jpg": ("server_error", 4),
    "secret/a.jpg": ("refused_by_robots_txt", 0),
    "html.jpg": ("html_page", 1),
    "svg.png": ("svg", 1),
    "text.jpg": ("not_an_image", 1),
    "empty.jpg": ("empty", 1),
    "declared.jpg": ("too_large", 1),
    "stream.jpg": ("too_large", 1),
    "bomb.jpg": ("too_large", 1),
    "huge.png": ("too_many_pixels", 1),
    "short.jpg": ("incomplete", 4),
    "chunks.jpg": ("incomplete", 4),
    "long.jpg": ("truncated", 1),
    "cut.jpg": ("truncated", 1),
    "gif.gif": ("undecodable", 1),
    "garbled.jpg": ("incomplete", 1),
    "torn.jpg": ("unreachable", 4),
    "noise.jpg": ("unreachable", 4),
    "headers.jpg": ("unreachable", 4),
    "hangup.jpg": ("unreachable", 4),
    "stalled.jpg": ("timeout", 4),
    "drip.jpg": ("timeout", 4),
    "loop.jpg": ("too_many_redirects", 1 + spider.MAX_REDIRECTS),
    "file.jpg": ("http_error", 1),
    "metadata.jpg": ("private_address", 1),
    "home.jpg": ("private_address", 1),
}
# Addresses that lead elsewhere.
ELSEWHERE = {
    "http://127.0.0.1:{port}/good.jpg": "private_address",
    "http://localhost:{port}/good.jpg": "private_address",
    "http://2130706433:{port}/good.jpg": "private_address",
    "http://0x7f.1:{port}/good.jpg": "private_address",
    "http://[::1]:{port}/good.jpg": "private_address",
    "http://[::ffff:127.0.0.1]:{port}/good.jpg": "private_address",
    "http://169.254.169.254/latest/meta-data/": "private_address",
    "http://10.0.0.1/a.jpg": "private_address",
    "http://0.0.0.0:{port}/good.jpg": "private_address",
    "http://no-such-host.invalid/a.jpg": "host_not_found",
    "http://127.0.0.3:9/a.jpg": "unreachable",  # nobody listens there
    "http://a..b/a.jpg": "unsupported_address",
    "ftp://127.0.0.2/a.jpg": "unsupported_address",
}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    """One crawl of all faults: the server, the ledger by row id, and the folder of shards."""
    outputs = tmp_path_factory.mktemp("crawl")
    with serving() as server:
        rows = [(name, server.url(name)) for name in FAULTS]
        rows += [("spelt", server.url("häut.jpg")), ("twice", server.url("plain.jpg"))]
        rows += [("right", server.url("good.jpg"), f"md5:{hashlib.md5(PHOTO).hexdigest()}")]
        rows += [("wrong", server.url("good.jpg"), "sha256:" + "0" * 64)]
        rows += [(url, url.format(port=server.server_port)) for url in ELSEWHERE]
        manifest = manifest_of(*rows)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LESIONFLOW_WORKERS", "2")
            table = records.ingest(manifest, outputs, Staging(outputs), limits(outputs))
    table.index = table["record_id"].str.removeprefix("clinic:")
    return server, table, outputs / "shards"


def test_every_row_has_its_line_in_the_ledger(crawled):
    _, table, _ = crawled
    assert len(table) == len(FAULTS) + 4 + len(ELSEWHERE)
    assert (table["status"] == "stored").eq(table["reason"] == "").all()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_has_its_reason_and_is_asked_for_as_often_as_makes_sense(crawled, name):
    server, table, _ = crawled
    reason, asked = FAULTS[name]
    assert (table.loc[name, "reason"], server.hits[f"/{name}"]) == (reason, asked), table.loc[name, "detail"]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_an_address_that_leads_elsewhere_has_its_reason(crawled, url):
    _, table, _ = crawled
    assert table.loc[url, "reason"] == ELSEWHERE[url], table.loc[url, "detail"]


def test_duplicate_addresses_are_asked_for_once_and_judged_row_by_row(crawled):
    server, table, _ = crawled
    assert server.hits["/plain.jpg"] == 1
    assert table.loc[["plain.jpg", "twice"], "status"].tolist() == ["stored", "stored"]
    assert table.loc[["right", "wrong"], "reason"].tolist() == ["", "checksum_mismatch"]


def test_the_ledger_knows_where_a_redirect_led(crawled):
    server, table, _ = crawled
    assert table.loc["moved.jpg", "final_url"] == server.url("good.jpg")
    assert table.loc["spelt", "final_url"] == server.url("h%C3%A4ut.jpg")


def test_a_polyglot_loses_what_follows_the_picture(crawled):
    _, table, shards = crawled
    photo = stored_photos(table.reset_index(drop=True), shards)[table.loc["polyglot.jpg", "sha256"]].read()
    assert photo.endswith(b"\xff\xd9")
    assert b"script" not in photo
    assert decode(photo).tobytes() == decode(PHOTO).tobytes()


def test_the_project_names_itself(crawled):
    assert crawled[0].agents == {spider.USER_AGENT}
    assert "lesionflow" in spider.USER_AGENT


@pytest.fixture
def crawl(tmp_path):
    """A function that crawls (id, url) rows into an empty folder and returns the ledger by id."""

    def crawl(*rows, **web):
        outputs = tmp_path / "outputs"
        table = records.ingest(manifest_of(*rows), tmp_path, Staging(outputs), limits(tmp_path, **web))
        return table.set_index(table["record_id"].str.removeprefix("clinic:"))

    return crawl


def test_when_a_server_names_a_time_its_whole_host_waits(crawl):
    with serving() as server:
        table = crawl(
            ("busy", server.url("busy.jpg")), *((n, server.url(f"good-{n}.jpg")) for n in range(20)), per_host=1
        )
    assert set(table["status"]) == {"stored"}
    refused, answered = server.times["/busy.jpg"]
    assert answered - refused >= 2
    between = [at for path, times in server.times.items() for at in times if refused + 0.1 < at < refused + 1.9]
    assert between == []


def test_a_host_that_asks_for_too_much_patience_is_left_to_a_later_run(crawl):
    with serving() as server, serving(HOSTS[1]) as other:
        rows = [(n, server.url(f"closed-{n}.jpg")) for n in range(10)]
        table = crawl(*rows, ("other", other.url("good.jpg")), per_host=1)
    assert table["reason"].to_dict() == dict.fromkeys(map(str, range(10)), "rate_limited") | {"other": ""}
    assert sum(hits for path, hits in server.hits.items() if "closed" in path) == 1
    assert table.loc["3", "detail"].endswith("asks to wait 3600 s, ingest.web.max_wait is 10 s")


def test_requests_to_a_host_keep_their_distance(crawl):
    with serving() as server:
        crawl(*((n, server.url(f"good-{n}.jpg")) for n in range(5)), delay=0.3)
    at = sorted(at for path, times in server.times.items() if "good" in path for at in times)
    assert min(later - earlier for earlier, later in itertools.pairwise(at)) > 0.1  # delays vary by half


def test_impolite_crawls_ask_no_robots_txt(crawl):
    with serving() as server:
        table = crawl(("a", server.url("secret/a.jpg")), polite=False)
    assert table.loc["a", "status"] == "stored"
    assert server.hits["/robots.txt"] == 0
