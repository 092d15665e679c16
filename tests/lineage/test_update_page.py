import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.lineage import changes, update_page
from lesionflow.lineage.changes import Counts

PROMOTION = {
    "registered_model": "lesionflow", "candidate": {"model": "cnn-study", "content_key": "a"}, "champion": None,
    "decision": "challenger", "applied": False, "reasons": ["test photos: 3, wanted 100 or more"],
    "rules": [{"rule": "test photos", "wanted": "100 or more", "got": "3", "passed": False}],
}  # fmt: skip


def manifest(rows):
    columns = ["record_id", "label", "source", "licence", "url", "group"]
    return pd.DataFrame([(*row, f"{row[0]}.jpg", None) for row in rows], columns=columns)


def split(test, train=()):
    rows = [*((photo, "test") for photo in test), *((photo, "train") for photo in train)]
    return pd.DataFrame(rows, columns=["sha256", "split"])


BEFORE = {
    "manifest": manifest([("1", "nevus", "a", "CC0"), ("2", "nevus", "a", "CC0"), ("3", "eczema", "a", "CC0")]),
    "split": split(["p", "q"], ["r"]),
}
# 1 is gone, 2 has another label, 4 is new, from another source under another licence; q left test.
AFTER = {
    "manifest": manifest([("2", "eczema", "a", "CC0"), ("3", "eczema", "a", "CC0"), ("4", "nevus", "b", "CC-BY")]),
    "split": split(["p", "s"], ["r", "q"]),
}


def test_rows_classes_sources_and_licences_are_counted():
    found = changes.between(BEFORE, AFTER)
    assert (found.added, found.removed, found.changed, found.before, found.after) == (1, 1, 1, 3, 3)
    assert found.by["label"] == (Counts("eczema", 1, 2), Counts("nevus", 2, 1))
    assert found.by["source"] == (Counts("a", 3, 2), Counts("b", 0, 1))
    assert found.by["licence"] == (Counts("CC-BY", 0, 1), Counts("CC0", 3, 2))
    assert found.splits == (Counts("test", 2, 2), Counts("train", 1, 2))
    assert found.left_test == 1


def test_nothing_changed():
    found = changes.between(BEFORE, BEFORE)
    assert (found.added, found.removed, found.changed, found.left_test) == (0, 0, 0, 0)
    assert set(found.by.values()) == {()}


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.lists(st.sampled_from("abcdef"), unique=True))
def test_rows_before_and_after_reconcile(first, second):
    before, after = (
        {"manifest": manifest([(one, "x", "s", "l") for one in rows]), "split": split([])} for rows in (first, second)
    )
    found = changes.between(before, after)
    assert found.before - found.removed + found.added == found.after


def metrics(value):
    names = [measure.key for measure in update_page.figures.HEADLINE]
    return {"test": {name: {"value": value, "low": value - 0.125, "high": value + 0.125} for name in names}}


def page(after=AFTER, **changed):
    given_ = {
        "base": "origin/main", "leaderboard": "# Leaderboard\n\n| Model |\n", "decision": PROMOTION,
        "maps": ["cnn-study"], "maps_at": "https://example.org/maps",
    }  # fmt: skip
    figures = {"cnn-study": (metrics(0.5), metrics(0.75)), "cnn-tuned": (None, metrics(0.25))}
    return update_page.page(changes.between(BEFORE, after), figures, **(given_ | changed))


def test_the_report_says_what_changed_and_what_it_did():
    text = page()
    assert "3 → 3 rows: 1 added, 1 removed, 1 changed." in text
    assert "**1 photos left the test split.**" in text
    assert "75.0 % [62.5, 87.5]" in text
    assert "do not compare" in text
    assert "## Leaderboard" in text
    assert "**`cnn-study` stays challenger**" in text
    assert "[One archive](https://example.org/maps) with a folder of each: cnn-study (" in text


def test_figures_on_the_same_test_photos_come_without_a_warning():
    assert "do not compare" not in page(after=BEFORE)


@pytest.mark.parametrize(("changed", "said"), [({"decision": None}, "Not decided."), ({"maps_at": ""}, "dvc pull")])
def test_what_is_not_there_is_told(changed, said):
    assert said in page(**changed)
