import re

import pytest

from lesionflow.adapters import documents, gate
from tests.adapters.test_gates import hold, sound, with_cell


def summary(frame):
    return gate.summary("split", len(frame), hold("split", frame))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Written twice: a sound table, and one of which three rows cross splits."""
    broken = with_cell(with_cell(sound("split"), 1, "group", "g0"), 2, "group", "g0")
    said = [summary(sound("split")), {**summary(broken), "table": "broken"}]
    made = [tmp_path_factory.mktemp("docs") / name for name in ("first", "second")]
    for folder in made:
        documents.write(said, folder)
    return made


def test_pages_need_nothing_from_the_web(folders):
    for path in folders[0].iterdir():
        text = path.read_text()
        assert not re.search(r"https?:|<script|<link|<img|<iframe|url\(|@import", text), path


def test_pages_are_the_same_each_time(folders):
    first, second = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert first == second
    assert set(first) == {"index.html", "split.html", "broken.html"}


def test_a_page_says_what_was_asked_and_what_broke_it(folders):
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", (folders[0] / "broken.html").read_text()))
    assert "broken: fails" in text
    assert "splits_per_group" in text
    assert "3 unexpected values found" in text
    assert text.count("Successful Expectations") == 1  # no section stands there twice


def test_the_index_leads_to_each_table(folders):
    text = (folders[0] / "index.html").read_text()
    assert '<a href="split.html">split</a></td><td>passes</td><td>8</td>' in text
    assert '<a href="broken.html">broken</a></td><td>fails</td>' in text
