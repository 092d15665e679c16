import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.report import figures


@pytest.mark.parametrize(("value", "text"), [(0.0, "0.0 %"), (1.0, "100.0 %"), (None, "n/a"), (math.nan, "n/a")])
def test_undefined_figure_is_never_zero(value, text):
    assert figures.plain(value) == text


def test_coefficient_is_no_percent():
    assert figures.interval({"value": -0.1234, "low": -0.2, "high": 0.0}, share=False) == "-0.123 [-0.200, 0.000]"


def test_figure_without_interval_says_so():
    assert figures.interval({"value": 0.5, "low": None, "high": None}) == "50.0 % [n/a]"


def test_measures_stand_in_one_order_and_top_k_comes_last():
    found = figures.measures_of({"top_5": 1, "photos": 3, "mcc": 1, "accuracy": 1})
    assert [(measure.key, measure.name) for measure in found] == [
        ("accuracy", "Accuracy"), ("mcc", "MCC"), ("top_5", "Top-5"),
    ]  # fmt: skip


@given(st.text())
def test_words_stay_on_one_line_and_lose_no_letter(name):
    words = figures.words(name)
    assert len(words.splitlines()) < 2
    assert [sign for sign in name if sign.isalnum()] == [sign for sign in words if sign.isalnum()]


@pytest.mark.parametrize(("name", "words"), [("a\x1bb", "a\ufffdb"), ("\x00", "\ufffd"), ("_", "_"), ("a\n_b", "a b")])
def test_signs_that_markup_does_not_allow_are_replaced(name, words):
    assert figures.words(name) == words
