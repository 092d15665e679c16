from itertools import pairwise

import pytest

from lesionflow.images import StoredPhoto
from lesionflow.report import curation_page
from lesionflow.report.thumbnails import Thumbnail
from tests.report.curated_tables import curated, dropped, evidence, pairs, photo, review, sections
from tests.report.html_page import Page, words_of
from tests.report.shelf import encoded, shelf

HEADER = "decision,sha256,other,label,note"
HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "سرطان", "\U0001f9ea\u202eeht"]


def everything(name="nevus", **options):
    """Something in each section, with `name` for whatever strangers may write."""
    rows = curated(
        {"label": name, "source": name, "kept_record_id": "m:000"},
        dropped("near_duplicate", kept_record_id=name, record_id=f"w:{name}"),
        dropped("conflicting_labels", cluster="c", label=name), dropped("conflicting_labels", cluster="c"),
        dropped("not_ingested", sha256=None), dropped("unreadable"), dropped("blurred"),
    )  # fmt: skip
    told = {
        "joined": pairs((0, 1, {}), (1, 2, {"relation": "same_scene"})),
        "suspects": review((0, {"suggested": name, "evidence": f"{name} 98 %"})),
        "measured": evidence(p6=0.5),
        "clusters": {"c": [(f"It is {name}", f"relabel,{name}")]},
    }
    return list(sections(rows, **{**told, **options}).values())


PICTURES = {photo(place): Thumbnail(f"{place}.jpg", 213, 160) for place in (0, 1, 2, 3, 6)}


@pytest.fixture(scope="module")
def html():
    return curation_page.render(everything(), PICTURES, header=HEADER)


def test_page_asks_nothing_of_the_web_and_runs_one_script_of_its_own(html):
    page = Page(html)
    assert len(page.all("script")) == 1
    addresses = [a[name] for _, a in page.elements for name in ("src", "href") if name in a]
    assert {address for address in addresses if not address.startswith(("#", "data:", "pictures/"))} == {
        "../index.html", "../index.html#leaderboard", "../curation/index.html", "../pages/data.html",
        "../pages/validation.html", "../pages/lineage.html",
    }  # fmt: skip


def test_links_and_references_lead_somewhere(html):
    page = Page(html)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    wanted = [a["href"][1:] for a in page.all("a") if a["href"].startswith("#")]
    assert set(wanted) <= set(ids)
    assert len(ids) == len(set(ids))


def test_pictures_wait_until_they_are_seen_and_keep_their_place(html):
    pictures = Page(html).all("img")
    # Joined 2 + 2, conflicts 2, dropped near duplicate 1, conflicting 2, blurred 1, review 1.
    assert len(pictures) == 11
    assert {(a["loading"], a["width"], a["height"]) for a in pictures} == {("lazy", "213", "160")}
    assert all(a["alt"].startswith("Photo of ") for a in pictures)


def test_photos_without_a_picture_say_so(html):
    assert "No photo was stored" in words_of(html)
    assert "No picture: the photo cannot be decoded" in words_of(html)


def test_headings_go_down_by_one_level(html):
    levels = [int(name[1]) for name, _ in Page(html).elements if name in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_sections_tell_what_curation_did(html):
    words = words_of(html)
    assert "nevus kept m:000 from nevus" in words
    assert "Transform mirrored Inliers 34 places Agreement 0.900" in words
    assert "Why beyond by 0.5" in words
    assert f"whose first line is {HEADER}" in words
    assert "It is nevus : relabel,nevus" in words
    assert "nevus CC-BY-4.0 A. Nobody" in words


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_shows_as_text(html, name):
    page = Page(curation_page.render(everything(name), PICTURES, header=HEADER))
    assert len(page.all("script")) == 1
    assert len(page.all("img")) == len(Page(html).all("img"))
    assert page.text.count(name) > 8  # labels, sources, suggestions
    assert f"w:{name}" in page.text  # record ids
    assert f"relabel,{name}" in page.text  # rows to copy, as they are
    assert not [a for _, a in page.elements for attribute in a if attribute.startswith("on")]


def test_where_nothing_happened_the_page_says_so():
    words = words_of(curation_page.render(list(sections(curated({})).values()), {}, header=HEADER))
    for nothing in (
        "No two photos were joined",
        "No copies have conflicting",
        "Nothing was dropped",
        "No photo stands",
    ):
        assert nothing in words


def test_page_and_pictures_are_written_and_what_stood_there_is_gone(tmp_path):
    folder = tmp_path / "curation"
    (folder / "pictures").mkdir(parents=True)
    (folder / "pictures/old.jpg").write_bytes(b"x")
    photos = shelf(tmp_path, {photo(0): encoded((90, 60)), photo(1): b"damaged", photo(8): encoded((90, 61))})
    curation_page.write(everything(), photos, folder, header=HEADER)
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
    (picture,) = (folder / "pictures").iterdir()
    assert written == {"index.html", "highlights.json", f"pictures/{picture.name}"}
    assert 'width="90" height="60"' in (folder / "index.html").read_text()


def test_a_page_that_cannot_be_made_leaves_the_earlier_one(tmp_path):
    (tmp_path / "curation").mkdir()
    (tmp_path / "curation/index.html").write_text("earlier")
    lost = {photo(0): StoredPhoto(photo(0), tmp_path / "gone.tar", 0, 9)}
    with pytest.raises(Exception, match="no such shard"):
        curation_page.write(everything(), lost, tmp_path / "curation", header=HEADER)
    assert (tmp_path / "curation/index.html").read_text() == "earlier"
