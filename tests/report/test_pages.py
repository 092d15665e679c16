import re

import pytest

from lesionflow import tables
from lesionflow.report import inputs, leaderboard, notices, pages
from tests.report.html_page import Page, words_of
from tests.report.written_run import PLAN, VALIDATION, write_joined, write_run


def render(root):
    run = inputs.read(root / "outputs", root / "reports", list(VALIDATION))
    return pages.render(run, leaderboard.build(run.models, run.comparison), notices.of(run), confidence=0.95)


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    return render(write_run(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_page_asks_nothing_of_the_web_and_runs_no_script(html, page):
    assert not page.all("script")
    assert not [attributes for _, attributes in page.elements for name in attributes if name.startswith("on")]
    addresses = [a[name] for _, a in page.elements for name in ("src", "href") if name in a]
    assert not [address for address in addresses if re.match(r"(?!data:)[a-z]+:|//", address)]
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_links_and_references_lead_somewhere(page):
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    wanted = [a["href"][1:] for a in page.all("a") + page.all("use") if a["href"].startswith("#")]
    wanted += [a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a]
    assert set(wanted) <= set(ids)
    assert len(ids) == len(set(ids))


def test_every_picture_and_chart_has_a_text_alternative(page):
    assert len(page.all("img")) == 4 * len(VALIDATION)  # a right and a wrong prediction a model, photo and overlay
    assert all(picture["alt"].strip() for picture in page.all("img"))
    charts = [attributes for _, attributes in page.elements if attributes.get("role") == "img"]
    # Intervals and class bars; loss, accuracy, matrix, reliability and risk a model.
    assert len(charts) == 2 + 5 * len(VALIDATION)
    assert all(chart["aria-label"].strip() for chart in charts)


def test_tables_have_captions_and_scopes(page):
    assert len(page.all("caption")) == len(page.all("table")) > 0
    assert all(head.get("scope") in ("row", "col") for head in page.all("th"))


def test_warnings_stand_before_any_figure(html):
    assert html.index("Untrained backbones") < html.index("Balanced accuracy, test")


def test_page_says_that_it_is_no_diagnosis(html):
    assert "Not a medical device, not a diagnosis." in words_of(html)


def test_selected_model_comes_first_with_its_interval(page, html):
    models = [attributes["id"] for attributes in page.all("h2") if attributes.get("id", "").startswith("model-")]
    assert models == ["model-second-study", "model-first-study", "model-untrained-study"]
    assert "80.0 % [75.0, 85.0]" in words_of(html)


def test_leaderboard_says_which_differences_are_noise(html):
    words = words_of(html)
    assert "80.0 % the best on validation" in words
    assert "70.0 % -10.0 [-25.0, +5.0], noise" in words
    assert "30.0 % -50.0 [-60.0, -40.0], worse" in words


def test_trust_is_told_in_figures_and_words(html):
    words = words_of(html)
    assert "Calibration error of the answer (ECE) 20.0 % [40.0, 60.0] 5.0 % [40.0, 60.0]" in words
    assert "Answering only from a probability of 80.0 % on, chosen on validation for 10.0 % of wrong answers" in words
    assert "Class: melanoma 2 2 50.0 % [10.0, 90.0] 1.50 50.0 % [10.0, 90.0] 1.50" in words
    assert "1 test photo of 4 lie farther from the training photos" in words


def test_worst_subgroup_is_named_and_small_ones_are_marked(html):
    words = words_of(html)
    # All test photos of the selected model: 80.0 %.
    assert "Sex: female Balanced accuracy 25.0 % [12.5, 75.0] 80.0 % 2" in words
    assert "Sex: other (small) 2 2 0.0 % [12.5, 75.0]" in words


def test_without_subgroups_and_threshold_the_page_says_so(root):
    empty = "trait,subgroup,photos,groups,small,metric,value,low,high\n"
    (root / "reports/subgroups/second-study.csv").write_text(empty)
    (root / "reports/subgroups/second-study.json").write_text('{"worst": {}}')
    path = root / "reports/calibration/second-study.json"
    path.write_text(path.read_text().replace('"threshold": 0.8', '"threshold": null'))
    words = words_of(render(root))
    assert "No trait has two subgroups that are large enough to be compared." in words
    assert "No probability is high enough to be wrong in 10.0 % of the answers or less" in words


def test_funnel_and_confusions_are_told(html):
    words = words_of(html)
    assert "28 Photos fetched and decoded −1 not found −1 undecodable" in words
    # The first test photo, of melanoma, is taken for nevus; melanoma has two.
    assert "melanoma nevus 1 of 2 50.0 %" in words


def test_photos_for_review_are_told_with_their_counts(html):
    words = words_of(html)
    # judged, found, already reviewed, listed, beyond the limit
    assert "Label may be wrong 21 4 1 2 1" in words
    assert "Unlike its class: could not be judged, for want of other photos to compare with: nevus 1 ." in words
    assert "atlas:melanoma-002 Label may be wrong 1 melanoma nevus 0.0123 nevus 98.8 %" in words


def test_nothing_for_review_is_said(root):
    tables.write(tables.REVIEW.empty(), root / "outputs/review.parquet", tables.REVIEW)
    path = root / "reports/review.json"
    path.write_text(re.sub(r'"listed": \d', '"listed": 0', path.read_text()))
    assert "No photo stands out." in words_of(render(root))


def test_pictures_are_addressed_beside_the_page(page):
    assert page.all("img")[0]["src"] == "assets/second-study/w.jpg"


def test_page_leads_to_the_galleries_of_curation(page):
    assert [a["href"] for a in page.all("a") if "curation/" in a["href"]] == [
        "curation/index.html", "curation/index.html#review",
    ]  # fmt: skip


def test_same_run_gives_the_same_bytes_wherever_it_lies(html, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    assert render(write_run(folder)) == html
    assert str(tmp_path) not in html


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "it's {{ 7 * 7 }} {% endif %}",
        "سرطان الجلد",
        "\U0001f9ea\u202eemoji",
        "$\\frac{1}{",
        "a|b, c",
    ],
)
def test_hostile_names_show_as_text(tmp_path, html, name):
    plan = {name: PLAN["melanoma"], "nevus": PLAN["nevus"], f"rare {name}": PLAN["rare"]}
    hostile = render(write_run(tmp_path, plan, source=name, licence=f"licence {name}"))
    page = Page(hostile)
    assert not page.all("script")
    assert len(page.all("img")) == len(Page(html).all("img"))
    # In the tables of classes, confusions (either way), and every class-by-class table; then source and licence.
    assert page.text.count(name) > 5
    assert f"licence {name}" in page.text


def test_run_without_mistakes_or_pictures_still_renders(root):
    path = root / "reports/confusion/second-study.csv"
    path.write_text("actual,predicted\nnevus,nevus\n")
    index = root / "outputs/explain/second-study/index.json"
    index.write_text('{"model": "second-study", "items": []}')
    assert "No photo of the test split was misread." in words_of(render(root))


def test_undefined_figures_show_as_such(root):
    path = root / "reports/metrics/second-study.json"
    path.write_text(re.sub(r"0\.\d+", "null", path.read_text()))
    words = words_of(render(root))
    assert "Balanced accuracy n/a n/a n/a" in words


def test_a_joined_classifier_is_shown_without_curves_and_maps(root):
    pair = write_joined(root, "pair-study", 0.9)
    run = inputs.read(root / "outputs", root / "reports", list(VALIDATION), [pair])
    board = leaderboard.build(run.models, run.comparison)
    assert board["model"][0] == "pair-study"
    html = pages.render(run, board, notices.of(run), confidence=0.95)
    section = html[html.index('id="model-pair-study"') : html.index('id="model-second-study"')]
    assert "Learning curves" not in section
    assert "Where it looked" not in section
    assert "Which classes it confuses" in section
    assert "chosen on validation" in section
