import json
from itertools import pairwise

import pytest
from PIL import Image

from lesionflow.errors import LesionflowError
from lesionflow.report import explanation_page
from tests.report.html_page import Page, words_of

NOTHING = {"value": None, "low": None, "high": None}


def figure(value):
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def item(name, kind, label, predicted, **changes):
    found = {"sha256": name * 64, "kind": kind, "of": label, "label": label, "predicted": predicted}
    found |= {"probability": 0.7, "probabilities": {predicted: 0.7, "other": 0.3}, "outlined": True}
    found |= {"photo": f"{name}.jpg", "overlay": f"{name}-map.jpg"}
    return found | ({} if label == predicted else {"truth_overlay": f"{name}-truth.jpg"}) | changes


def row(corruption, severity):
    measured = {key: figure(0.5) for key in ("accuracy", "balanced_accuracy", "accuracy_lost", "flipped")}
    pulled = {"class": "naevus", **figure(0.25)}
    return {"corruption": corruption, "severity": severity, "area": 0.1, "photos": 9, "majority": 0.2, **measured,
            "pulled": pulled, "raised": {"class": "naevus", **figure(0.15)}, "carried": figure(0.35)}  # fmt: skip


def method(name):
    keys = (*explanation_page.FAITHFULNESS, *explanation_page.LOCALISATION)
    return {"method": name, "blank_share": 0.0, **{key: figure(0.5) for key in keys}}


def found(**changes):
    fails = [{"check": "shortcut: watermark", "says": "With watermark drawn in, many are called naevus."}]
    checks = [
        {"check": "shortcut: watermark", "holds": False, **figure(0.5), "against": 0.25, "says": fails[0]["says"]},
        {"check": "maps: ROAD", "holds": True, **figure(0.3), "against": 0.0, "says": ""},
        {"check": "shortcut: source", "holds": None, **NOTHING, "against": 0.0, "says": ""},
    ]
    return {
        "model": "lite0-study", "method": "gradcam", "target_layer": "blocks.5", "view": "full",
        "held_constant": "zoom", "layer_scores": {"blocks.5": 0.2, "bn2": None}, "method_scores": {"gradcam": 0.2},
        "masks_not_used": {"out of view": 2}, "photos": 12, "blank_share": 0.0,
        "localisation": {"photos": 8, "lesion_share": 0.1},
        "methods": [method(name) for name in ("gradcam", "random", "centre")],
        "attention": [{"corruption": "pen", "photos": 4, "area": 0.05, "energy": figure(0.3),
                       "beyond_area": figure(0.25)}],
        "audit": [row("none", 0), row("border_only", 0), row("watermark", 1), row("watermark", 3), row("blur", 3)],
        "origin": None, "verdict": {"fails": fails, "checks": checks}, "shortcut_audit_fails": True, **changes,
    }  # fmt: skip


ITEMS = [
    item("a", "right", "naevus", "naevus"),
    item("b", "wrong", "melanoma", "naevus"),
    item("c", "uncertain", "melanoma", "naevus", truth_overlay=None),
    item("b", "confused", "melanoma", "naevus"),
]


def render(content=None, items=ITEMS, absent=()):
    return explanation_page.render(content or found(), items, absent, confidence=0.95)


@pytest.fixture(scope="module")
def html():
    return render()


def test_page_asks_nothing_of_the_web_and_runs_one_script_of_its_own(html):
    page = Page(html)
    assert len(page.all("script")) == 1
    assert not [a for _, a in page.elements for name in a if name.startswith("on")]
    addresses = [a[name] for _, a in page.elements for name in ("src", "href") if name in a]
    assert {one for one in addresses if not one.startswith(("#", "data:")) and not one.endswith(".jpg")} == {
        "../../index.html", "../../index.html#leaderboard", "../../curation/index.html", "../../pages/data.html",
        "../../pages/validation.html", "../../pages/lineage.html",
    }  # fmt: skip
    assert not [one for one in addresses if one.endswith(".jpg") and "/" in one]


def test_links_and_references_lead_somewhere(html):
    page = Page(html)
    ids = [a["id"] for _, a in page.elements if "id" in a]
    wanted = [a["href"][1:] for a in page.all("a") if a["href"].startswith("#")]
    wanted += [a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a]
    assert set(wanted) <= set(ids)
    assert len(ids) == len(set(ids))


def test_headings_go_down_by_one_level(html):
    levels = [int(name[1]) for name, _ in Page(html).elements if name in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_pictures_have_a_text_and_wait_until_they_are_seen(html):
    pictures = Page(html).all("img")
    # a: photo and map; b, twice: photo and two maps; c: photo and one, nothing speaks for its truth.
    assert len(pictures) == 2 + 3 + 2 + 3
    assert all(a["loading"] == "lazy" and a["alt"] for a in pictures)
    assert "Nothing in this photo speaks for melanoma" in words_of(html)


def test_the_verdict_stands_first_and_says_what_fails(html):
    words = words_of(html)
    assert words.index("With watermark drawn in, many are called naevus.") < words.rindex("Most confident right")
    assert "shortcut: watermark 0.500 [0.400, 0.600] 0.25 fails" in words
    assert "shortcut: source n/a 0.00 not available" in words


def test_the_audit_is_told_in_figures(html):
    words = words_of(html)
    assert "watermark 3 10.0 % 50.0 % [40.0, 60.0]" in words
    assert "naevus +25.0 [+15.0, +35.0]" in words
    assert "Lesion under a box 0 n/a n/a" in words
    assert "fewer than two have photos enough" in words
    assert len(Page(html).all("svg")) == 2  # watermark and blur


def test_where_nothing_fails_and_nothing_is_known_the_page_says_so():
    words = words_of(
        render(found(verdict={"fails": [], "checks": []}, localisation=None), items=[], absent=["No test photo of x."])
    )
    assert "No check fails." in words
    assert "no photo that was measured has a usable lesion mask" in words
    assert "No test photo of x." in words


def test_a_classifier_without_maps_has_a_page():
    content = found()
    for key in ("methods", "method", "target_layer", "localisation", "attention"):
        content.pop(key)
    words = words_of(render(content, items=[]))
    assert "Do the maps" not in words
    assert "Shortcut audit" in words


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}"])
def test_hostile_labels_show_as_text(html, name):
    page = Page(render(items=[item("a", "right", name, name)], absent=[name]))
    assert len(page.all("script")) == 1
    assert len(page.all("img")) == 2
    assert page.text.count(name) >= 3


def write_gallery(folder, items):
    folder.mkdir(parents=True)
    for one in items:
        for kind in explanation_page.PICTURES:
            if one.get(kind) and "/" not in one[kind]:
                Image.new("RGB", (8, 8)).save(folder / one[kind])
    index = {"items": [one for one in items if one["kind"] in ("right", "wrong")], "absent": []}
    index["more"] = [one for one in items if one["kind"] not in ("right", "wrong")]
    (folder / "index.json").write_text(json.dumps(index))


def test_page_and_pictures_are_written_and_what_stood_there_is_gone(tmp_path):
    write_gallery(tmp_path / "gallery", ITEMS)
    (tmp_path / "page").mkdir()
    (tmp_path / "page/old.jpg").write_bytes(b"x")
    explanation_page.write(found(), tmp_path / "gallery", tmp_path / "page", confidence=0.95)
    names = {path.name for path in (tmp_path / "page").iterdir()}
    assert names == {"index.html", "a.jpg", "a-map.jpg", "b.jpg", "b-map.jpg", "b-truth.jpg", "c.jpg", "c-map.jpg"}


@pytest.mark.parametrize(("photo", "message"), [("../a.jpg", "plain file name"), ("gone.jpg", "no such picture")])
def test_pictures_stay_in_their_folder_and_are_there(tmp_path, photo, message):
    write_gallery(tmp_path / "gallery", [item("a", "right", "naevus", "naevus")])
    index = tmp_path / "gallery/index.json"
    index.write_text(index.read_text().replace('"a.jpg"', f'"{photo}"'))
    with pytest.raises(LesionflowError, match=message):
        explanation_page.write(found(), tmp_path / "gallery", tmp_path / "page", confidence=0.95)
