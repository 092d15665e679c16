"""The pages of a small written run, and a headless Chromium that opens them from disk and from a server."""

import functools
import http.server
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from lesionflow.report import curation_page, gallery, inputs, leaderboard, lineage, notices, pages
from tests.report.curated_tables import photo
from tests.report.shelf import encoded, shelf
from tests.report.test_curation_page import HEADER, everything
from tests.report.written_run import PLAN, VALIDATION, write_joined, write_run

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PHONE, DESKTOP = {"width": 390, "height": 800}, {"width": 1280, "height": 900}
HOSTILE = "<script>alert(1)</script>\"'\u202eمرحبا\U0001f9ea"


class Site:
    """A run's folder `root`, whose pages stand below reports/, and the address of a server of it."""

    def __init__(self, root: Path, server: str) -> None:
        self.root, self.server = root, server
        self.addresses = [
            path.relative_to(root / "reports").as_posix() for path in sorted((root / "reports").rglob("*.html"))
        ]

    def url(self, address: str, *, served: bool) -> str:
        return f"{self.server}/reports/{address}" if served else (self.root / "reports" / address).as_uri()


def write_pages(root: Path) -> None:
    """What stages report and show_curation write, for a run whose labels, sources and records are hostile."""
    write_run(root, {HOSTILE: PLAN["melanoma"], "nevus": PLAN["nevus"], "rare": PLAN["rare"]}, source=HOSTILE)
    pair = write_joined(root, "pair-study", 0.9, labels=sorted([HOSTILE, "nevus"]))
    run = inputs.read(root / "outputs", root / "reports", list(VALIDATION), [pair])
    names = [model.slug for model in run.models]
    board, others = leaderboard.build(run.models, run.comparison), pages.beside(root / "reports", names)
    made = pages.render(run, board, notices.of(run), lineage.of(root, names), others, confidence=0.95)
    gallery.copy(run.models, root / "outputs/explain", root / "reports/assets")
    pages.write(made, root / "reports")
    photos = shelf(root, {photo(place): encoded((90, 60 + place)) for place in (0, 1, 2, 3, 6)})
    shown = (root / "reports/curation/pictures/one.jpg").read_bytes()
    curation_page.write(everything(HOSTILE), photos, root / "reports/curation", header=HEADER)
    # Of the run's written highlights, to which the data page links; the line above wrote the folder anew.
    (root / "reports/curation/pictures/one.jpg").write_bytes(shown)


@contextmanager
def server_of(folder: Path):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    write_pages(root)
    with server_of(root) as address:
        yield Site(root, address)


@pytest.fixture(scope="session")
def chromium():
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"No browser here: one of {', '.join(BROWSERS)} is needed (Debian: apt-get install chromium)")
    # Without a sandbox, because root may not have one; the pages are our own.
    options = {"executable_path": path, "args": ["--no-sandbox"]}
    with sync_playwright() as driver, driver.chromium.launch(**options) as browser:
        yield browser


@pytest.fixture
def opened(chromium):
    """Call it with a window to have a page that notes `told` (console, errors, dialogs) and `asked` (addresses)."""
    contexts = []

    def make(window=DESKTOP, scheme="light", **options):
        context = chromium.new_context(viewport=window, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.told, page.asked = [], []
        page.on("console", lambda message: page.told.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: page.told.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (page.told.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("requestfailed", lambda request: page.told.append(f"failed: {request.url}"))
        page.on("request", lambda request: page.asked.append(request.url))
        return page

    yield make
    for context in contexts:
        context.close()
