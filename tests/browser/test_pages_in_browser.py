"""The report as a browser shows it: from disk and from a server, on a phone and a desktop, in both themes."""

import csv
import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from lesionflow import tables
from tests.browser.conftest import DESKTOP, HOSTILE, PHONE

ADDRESSES = [
    "curation/index.html", "index.html", "pages/data.html", "pages/lineage.html", "pages/model-first-study.html",
    "pages/model-pair-study.html", "pages/model-second-study.html", "pages/model-untrained-study.html",
    "pages/validation.html",
]  # fmt: skip
WAYS = [(False, PHONE, "light"), (False, DESKTOP, "dark"), (True, PHONE, "dark"), (True, DESKTOP, "light")]
LARGEST = 2_000_000
"""Bytes of a page, its pictures aside."""


def test_every_page_is_looked_at(site):
    assert site.addresses == ADDRESSES


@pytest.mark.parametrize("address", ADDRESSES)
def test_page_is_small(site, address):
    assert (site.root / "reports" / address).stat().st_size < LARGEST


@pytest.mark.parametrize(("served", "window", "scheme"), WAYS)
def test_pages_are_sound_and_stay_on_the_machine(site, opened, served, window, scheme):
    page = opened(window, scheme)
    for address in ADDRESSES:
        page.goto(site.url(address, served=served))
        own = site.server if served else site.root.as_uri()
        assert [asked for asked in page.asked if not asked.startswith((own, "data:"))] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} scrolls sideways"
        found = Axe().run(page).response["violations"]
        told = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found if one["impact"] in SERIOUS]
        assert told == [], address
    assert page.told == []


SERIOUS = ("serious", "critical")


def column(page, table, place):
    return page.eval_on_selector_all(f"{table} tbody tr", f"rows => rows.map(row => row.cells[{place}].innerText)")


def test_a_table_sorts_by_click_and_by_keyboard(site, opened):
    page = opened()
    page.goto(site.url("index.html", served=False))
    accuracy = page.locator("table.board th", has_text="Accuracy").filter(has_not_text="Balanced").locator("button")
    accuracy.click()
    values = [text.split(" ")[0] for text in column(page, "table.board", 4)]
    # written_run: every figure of the four classifiers is 0.9 (the pair), 0.8, 0.7 and 0.3.
    assert values == ["90.0", "80.0", "70.0", "30.0"]
    accuracy.focus()
    page.keyboard.press("Enter")
    assert [text.split(" ")[0] for text in column(page, "table.board", 4)] == values[::-1]
    assert page.locator("table.board th[aria-sort=ascending]").count() == 1


def test_what_has_no_number_sorts_last_and_names_by_letters(site, opened):
    page = opened()
    page.goto(site.url("index.html", served=False))
    difference = page.locator("table.board th", has_text="Difference").locator("button")
    difference.click()
    # The best has no difference; of the others first-study and the pair have -10, untrained-study -50.
    assert [text.split(" ")[0].split(",")[0] for text in column(page, "table.board", 2)] == [
        "-10.0", "-10.0", "-50.0", "the",
    ]  # fmt: skip
    page.locator("table.board th", has_text="Model").locator("button").click()
    names = [text.split()[0] for text in column(page, "table.board", 0)]
    assert names == sorted(names)


def test_a_table_is_copied_with_tabs(site, opened):
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    page.goto(site.url("pages/model-second-study.html", served=True))
    page.get_by_role("button", name="Copy table: second-study: test figures by class").click()
    page.get_by_text("Copied, with tabs between the columns.").wait_for()
    rows = [line.split("\t") for line in page.evaluate("navigator.clipboard.readText()").split("\n")]
    assert rows[0] == ["Class", "Precision", "Recall", "Photos"]
    assert rows[2] == ["nevus", "100.0 %", "50.0 %", "2"]


@pytest.mark.parametrize("address", ["pages/model-second-study.html", "curation/index.html", "pages/data.html"])
def test_a_photo_opens_large_by_keyboard_and_closes_again(site, opened, address):
    page = opened()
    page.goto(site.url(address, served=False))
    link = page.locator("a.open").first
    link.focus()
    page.keyboard.press("Enter")
    assert page.locator("dialog[open] img").count() >= 1
    # A picture that cannot be decoded rejects the promise.
    page.evaluate("Promise.all([...document.querySelectorAll('dialog[open] img')].map(one => one.decode()))")
    before = page.locator("dialog[open]").inner_html()
    if page.locator("figure:has(a.open)").count() > 1:
        page.keyboard.press("ArrowRight")
        assert page.locator("dialog[open]").inner_html() != before
        page.keyboard.press("ArrowLeft")
        assert page.locator("dialog[open]").inner_html() == before
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert link.evaluate("one => one === document.activeElement")
    assert page.told == []


def test_figures_shown_are_those_of_the_metrics_files(site, opened):
    page = opened()
    page.goto(site.url("index.html", served=False))
    board = {
        cells[0].split()[0]: cells[3:]
        for cells in page.eval_on_selector_all(
            "table.board tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
        )
    }
    for path in sorted((site.root / "reports/metrics").glob("*.json")):
        test = json.loads(path.read_text())["test"]
        shares = [test[name] for name in ("balanced_accuracy", "accuracy", "macro_f1")]
        expected = [f"{100 * one['value']:.1f} % [{100 * one['low']:.1f}, {100 * one['high']:.1f}]" for one in shares]
        numbers = [test[name] for name in ("mcc", "macro_auroc")]
        expected += [f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" for one in numbers]
        assert board[path.stem] == expected
    steps = page.eval_on_selector_all(".funnel .step strong", "all => all.map(one => Number(one.innerText))")
    counts = [
        len(tables.read(site.root / f"outputs/{one.name}.parquet", one)) for one in (tables.MANIFEST, tables.SPLIT)
    ]
    assert [steps[0], steps[-1]] == counts


def test_figures_by_class_are_those_of_the_csv(site, opened):
    page = opened()
    page.goto(site.url("pages/model-first-study.html", served=False))
    shown = page.eval_on_selector_all(
        "section[aria-labelledby=classes] tbody tr", "rows => rows.map(row => [...row.cells].map(one => one.innerText))"
    )
    with (site.root / "reports/per_class/first-study.csv").open(newline="") as file:
        for cells, row in zip(shown, csv.DictReader(file), strict=True):
            figures = [f"{100 * float(row[name]):.1f} %" for name in ("precision", "recall")]
            assert cells[1:] == [*figures, row["photos"]]


def test_hostile_names_show_as_text(site, opened):
    page = opened()
    for address in ("index.html", "pages/data.html", "pages/model-second-study.html", "curation/index.html"):
        page.goto(site.url(address, served=True))
        assert HOSTILE in page.evaluate("document.body.textContent")
        # Nobody's name brings a script, a picture or a link of its own.
        assert page.locator("script").count() == 1
        assert page.locator("body img[src=x], body *[onerror]").count() == 0
    assert page.told == []


def test_without_script_the_pages_say_the_same(site, opened):
    page = opened(java_script_enabled=False)
    page.goto(site.url("index.html", served=False))
    assert page.locator("table.board tbody tr").count() == 4
    assert page.locator("button").count() == 0


def test_dark_and_light_are_the_reader_s(site, opened):
    colours = []
    for scheme in ("light", "dark"):
        page = opened(scheme=scheme)
        page.goto(site.url("index.html", served=False))
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(253, 252, 250)", "rgb(20, 23, 26)"]
