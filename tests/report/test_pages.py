import base64
import hashlib
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from lesionflow import files, tables
from lesionflow.report import inputs, leaderboard, lineage, notices, pages
from tests.report.html_page import Page, words_of
from tests.report.written_run import PLAN, VALIDATION, write_joined, write_run

BEST = "pages/model-second-study.html"
ADDRESSES = ["index.html", "pages/data.html", "pages/validation.html", "pages/lineage.html"]
MODELS = [f"pages/model-{slug}.html" for slug in ("second-study", "first-study", "untrained-study")]


def render(root, joined=()):
    run = inputs.read(root / "outputs", root / "reports", list(VALIDATION), joined)
    names = [model.slug for model in run.models]
    board = leaderboard.build(run.models, run.comparison)
    others = pages.beside(root / "reports", names)
    return pages.render(run, board, notices.of(run), lineage.of(root, names), others, confidence=0.95)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return render(write_run(tmp_path_factory.mktemp("run")))


@pytest.fixture(params=ADDRESSES + MODELS)
def html(site, request):
    return site[request.param]


@pytest.fixture
def page(html):
    return Page(html)


def test_site_has_a_page_a_model_and_the_four_others(site):
    assert list(site) == ADDRESSES + MODELS


def test_page_asks_nothing_of_the_web(html, page):
    assert not [attributes for _, attributes in page.elements for name in attributes if name.startswith("on")]
    addresses = [a[name] for _, a in page.elements for name in ("src", "href") if name in a]
    assert not [address for address in addresses if re.match(r"(?!data:)[a-z]+:|//", address)]
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_policy_lets_the_page_s_own_script_run_and_no_other(html, page):
    assert len(page.all("script")) == 1
    script = re.search("<script>(.*?)</script>", html, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")


def test_links_and_references_lead_somewhere(page):
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    wanted = [a["href"][1:] for a in page.all("a") + page.all("use") if a["href"].startswith("#")]
    wanted += [a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a]
    assert set(wanted) <= set(ids)
    assert len(ids) == len(set(ids))


BY_OTHERS = r"curation/.*|data_card\.md|model_card_.*\.md|(leaderboard|comparison|review)\.csv|subgroups/.*|assets/.*"


@pytest.mark.parametrize("address", ADDRESSES + MODELS)
def test_links_lead_to_pages_of_the_site_or_files_of_the_run(site, address):
    for link in Page(site[address]).all("a"):
        path, _, part = link["href"].partition("#")
        if path:
            target = Path("reports", address).parent.joinpath(unquote(path))
            there = "/".join(target.parts[1:]).replace("pages/../", "")
            assert there in site or re.fullmatch(BY_OTHERS, there), there
            if part and there in site:
                assert f'id="{part}"' in site[there]


def test_every_picture_and_chart_has_a_text_alternative(page):
    assert all(picture["alt"].strip() for picture in page.all("img"))
    charts = [attributes for _, attributes in page.elements if attributes.get("role") == "img"]
    assert all(chart["aria-label"].strip() for chart in charts)


def test_charts_stand_where_they_belong(site):
    charts = {
        address: sum(attributes.get("role") == "img" for _, attributes in Page(html).elements)
        for address, html in site.items()
    }
    # Class bars, skin type, sex and age; loss, accuracy, matrix, reliability and risk a model.
    assert [charts[address] for address in ADDRESSES] == [1, 4, 0, 1]
    assert [charts[address] for address in MODELS] == [5, 5, 5]


def test_tables_have_captions_and_scopes(page):
    assert len(page.all("caption")) == len(page.all("table")) > 0
    assert all(head.get("scope") in ("row", "col") for head in page.all("th"))


def test_page_says_that_it_is_no_diagnosis(html):
    assert "Not a medical device, not a diagnosis." in words_of(html)


def test_page_says_which_of_the_site_it_is(site):
    current = {
        address: [attributes["href"] for attributes in Page(html).all("a") if "aria-current" in attributes]
        for address, html in site.items()
    }
    assert current["index.html"] == ["index.html"]
    assert current["pages/data.html"] == ["../pages/data.html"]
    assert current[BEST] == ["../index.html#leaderboard", "../pages/model-second-study.html"]


def test_warnings_stand_before_any_figure(site):
    assert site["index.html"].index("Untrained backbones") < site["index.html"].index("Balanced accuracy, test")


def test_selected_model_comes_first_with_its_interval(site):
    words = words_of(site["index.html"])
    assert re.search(r"second-study selected .* first-study .* untrained-study RANDOM, untrained", words)
    assert "80.0 % [75.0, 85.0]" in words


def test_overview_says_where_the_best_model_fails_and_on_whom(site):
    words = words_of(site["index.html"])
    assert "melanoma taken for nevus : 1 of 2 photos (50.0 %)" in words
    assert "Sex: female : balanced accuracy 25.0 % [12.5, 75.0] , against 80.0 % of all" in words
    # Of six expectations, the one of the class photos only warns.
    assert "5 of 6 expectations of 5 tables hold; those that do not only warn" in words


def test_leaderboard_says_which_differences_are_noise(site):
    words = words_of(site["index.html"])
    assert "80.0 % the best on validation" in words
    assert "70.0 % -10.0 [-25.0, +5.0], noise" in words
    assert "30.0 % -50.0 [-60.0, -40.0], worse" in words


def test_trust_is_told_in_figures_and_words(site):
    words = words_of(site[BEST])
    assert "Calibration error of the answer (ECE) 20.0 % [40.0, 60.0] 5.0 % [40.0, 60.0]" in words
    assert "Answering only from a probability of 80.0 % on, chosen on validation for 10.0 % of wrong answers" in words
    assert "Class: melanoma 2 2 50.0 % [10.0, 90.0] 1.50 50.0 % [10.0, 90.0] 1.50" in words
    assert "1 test photo of 4 lie farther from the training photos" in words


def test_worst_subgroup_is_named_and_small_ones_are_marked(site):
    words = words_of(site[BEST])
    # All test photos of the selected model: 80.0 %.
    assert "Sex: female Balanced accuracy 25.0 % [12.5, 75.0] 80.0 % 2" in words
    assert "Sex: other (small) 2 2 0.0 % [12.5, 75.0]" in words


def test_without_subgroups_and_threshold_the_page_says_so(root):
    empty = "trait,subgroup,photos,groups,small,metric,value,low,high\n"
    (root / "reports/subgroups/second-study.csv").write_text(empty)
    (root / "reports/subgroups/second-study.json").write_text('{"worst": {}}')
    path = root / "reports/calibration/second-study.json"
    path.write_text(path.read_text().replace('"threshold": 0.8', '"threshold": null'))
    words = words_of(render(root)[BEST])
    assert "No trait has two subgroups that are large enough to be compared." in words
    assert "No probability is high enough to be wrong in 10.0 % of the answers or less" in words


def test_funnel_and_confusions_are_told(site):
    for address in ("index.html", "pages/data.html"):
        assert "28 Photos fetched and decoded −1 not found −1 undecodable" in words_of(site[address])
    words = words_of(site[BEST])
    # The first test photo, of melanoma, is taken for nevus; melanoma has two.
    assert "melanoma nevus 1 of 2 50.0 %" in words


def test_photos_for_review_are_told_with_their_counts(site):
    words = words_of(site["pages/data.html"])
    # judged, found, already reviewed, listed, beyond the limit
    assert "Label may be wrong 21 4 1 2 1" in words
    assert "Unlike its class: could not be judged, for want of other photos to compare with: nevus 1 ." in words
    assert "atlas:melanoma-002 Label may be wrong 1 melanoma nevus 0.0123 nevus 98.8 %" in words


def test_nothing_for_review_is_said(root):
    tables.write(tables.REVIEW.empty(), root / "outputs/review.parquet", tables.REVIEW)
    path = root / "reports/review.json"
    path.write_text(re.sub(r'"listed": \d', '"listed": 0', path.read_text()))
    assert "No photo stands out." in words_of(render(root)["pages/data.html"])


def test_pictures_are_addressed_from_each_page(site):
    assert Page(site["index.html"]).all("img")[0]["src"] == "assets/second-study/w.jpg"
    assert Page(site[BEST]).all("img")[0]["src"] == "../assets/second-study/w.jpg"
    assert Page(site["pages/data.html"]).all("img")[0]["src"] == "../curation/pictures/one.jpg"


def test_pairs_that_were_joined_stand_side_by_side_with_the_reason(site):
    words = words_of(site["pages/data.html"])
    assert "atlas:melanoma-001 No picture melanoma exact duplicate atlas:melanoma-001 Transform mirrored" in words
    assert "Nothing was dropped." in words


def test_skin_types_are_told_by_split_and_missing_ones_too(site):
    words = words_of(site["pages/data.html"])
    # written_run: the manifest says no skin type; of its 30 rows 21 are used.
    assert "not recorded 30 " in words


def test_lineage_names_files_content_and_settings(site):
    words = words_of(site["pages/lineage.html"])
    assert f"second-study e r-second-study {12:064x}" in words
    assert "evaluate.confidence 0.95" in words
    assert re.search(r"outputs/manifest\.parquet [\d,]+ [0-9a-f]{32}", words)
    assert "train 3 Train *-* outputs/manifest.parquet outputs/heads/*-*" in words


def test_pages_of_other_stages_are_linked_where_the_run_has_them(root, site):
    assert "All heat maps" not in words_of(site[BEST])
    for path in ("explanation/second-study/index.html", "validation/docs/index.html"):
        files.write_text("", root / "reports" / path)
    made = render(root)
    assert 'href="../explanation/second-study/index.html"' in made[BEST]
    assert "All heat maps" not in made["pages/model-first-study.html"]
    assert 'href="../validation/docs/index.html"' in made["pages/validation.html"]


@pytest.mark.parametrize(
    ("fails", "told"),
    [
        ([], "audit passed 2 checks found nothing to object to."),
        (["It looks at rulers."], "audit failed It looks at rulers."),
    ],
)
def test_verdict_of_the_audit_is_told(root, fails, told):
    path = root / "reports/explain/second-study.json"
    verdict = {"fails": [{"check": "rulers", "says": says} for says in fails], "checks": ["rulers", "borders"]}
    files.write_json(files.read_json(path) | {"verdict": verdict, "shortcut_audit_fails": bool(fails)}, path)
    made = render(root)
    assert told in words_of(made[BEST])
    warned = "Shortcuts second-study fails the audit of what it looks at. It looks at rulers."
    assert (warned in words_of(made["index.html"])) == bool(fails)


def test_same_run_gives_the_same_bytes_wherever_it_lies(site, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    assert render(write_run(folder)) == site
    assert not [address for address, html in site.items() if str(tmp_path.parent) in html]


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
def test_hostile_names_show_as_text(tmp_path, site, name):
    plan = {name: PLAN["melanoma"], "nevus": PLAN["nevus"], f"rare {name}": PLAN["rare"]}
    hostile = render(write_run(tmp_path, plan, source=name, licence=f"licence {name}"))
    for address in ADDRESSES + MODELS:
        page = Page(hostile[address])
        assert len(page.all("script")) == 1
        assert len(page.all("img")) == len(Page(site[address]).all("img"))
    # Confusions (either way) and every class-by-class table; then classes, source and licence.
    assert Page(hostile[BEST]).text.count(name) > 5
    assert f"licence {name}" in Page(hostile["pages/data.html"]).text


def test_run_without_mistakes_or_pictures_still_renders(root):
    path = root / "reports/confusion/second-study.csv"
    path.write_text("actual,predicted\nnevus,nevus\n")
    index = root / "outputs/explain/second-study/index.json"
    index.write_text('{"model": "second-study", "items": []}')
    assert "No photo of the test split was misread." in words_of(render(root)[BEST])


def test_undefined_figures_show_as_such(root):
    path = root / "reports/metrics/second-study.json"
    path.write_text(re.sub(r"0\.\d+", "null", path.read_text()))
    words = words_of(render(root)[BEST])
    assert "Balanced accuracy n/a n/a n/a" in words


def test_a_joined_classifier_is_shown_without_curves_and_maps(root):
    pair = write_joined(root, "pair-study", 0.9)
    made = render(root, [pair])
    section = made["pages/model-pair-study.html"]
    assert "Learning curves" not in section
    assert "Where it looked" not in section
    assert "Which classes it confuses" in section
    assert "chosen on validation" in section
    # It is the best, and has no pictures: those of the next on the board are shown.
    assert "Its most confident mistakes: second-study" in words_of(made["index.html"])


def test_writing_replaces_pages_of_models_that_are_gone(site, tmp_path):
    files.write_text("", tmp_path / "pages/model-old.html")
    pages.write(site, tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.html")) == sorted(site)
    assert (tmp_path / BEST).read_text() == site[BEST]
