import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from lesionflow.curate import shared_words, visual_words
from lesionflow.curate.visual_words import Ragged
from tests.curate.pair_photos import SEARCH


@pytest.fixture(autouse=True)
def two_threads(monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "2")


def matrix(lists, words=8):
    table = np.zeros((len(lists), words), dtype=np.float32)
    for row, of_photo in enumerate(lists):
        table[row, list(of_photo)] = 1
    return sparse.csr_matrix(table)


def nearest(lists, most, start=0):
    targets = matrix(lists)
    norms = np.sqrt(np.diff(targets.indptr)).astype(np.float32)
    return shared_words.nearest(targets[start:], targets.T.tocsr(), norms, start, most)


def by_definition(lists, most, row):
    """Later targets that share three words, by their number over the root of the target's, then by row."""
    shared = {other: len(lists[row] & lists[other]) for other in range(row + 1, len(lists))}
    scores = {other: np.float32(n / np.sqrt(len(lists[other]))) for other, n in shared.items() if n >= 3}
    return sorted(scores, key=lambda other: (-scores[other], other))[:most]


def test_only_later_ones_that_share_three_words_are_found():
    # Photo 0 shares words 0, 1 and 2 with photo 1, two words with photo 2, and all four with photo 3.
    found, scores = nearest([{0, 1, 2, 3}, {0, 1, 2}, {0, 1, 5}, {0, 1, 2, 3, 4, 6}], 2)
    # 3 / sqrt(3) = 1.732 and 4 / sqrt(6) = 1.633; photo 1 shares three with photo 3: 3 / sqrt(6).
    assert found.tolist() == [[1, 3], [3, -1], [-1, -1], [-1, -1]]
    assert scores[0] == pytest.approx([3 / 3**0.5, 4 / 6**0.5])
    assert scores[1, 0] == pytest.approx(3 / 6**0.5)
    assert np.isneginf(scores[found < 0]).all()


def test_of_equal_scores_the_smaller_row_stands():
    found, _ = nearest([{0, 1, 2}] * 4, 2)
    assert found.tolist() == [[1, 2], [2, 3], [3, -1], [-1, -1]]


def test_no_query_and_queries_without_words_find_nothing():
    found, scores = nearest([{0, 1, 2}, {0, 1, 2}], 3, start=2)
    assert found.shape == scores.shape == (0, 3)
    found, _ = nearest([set(), set()], 3)
    assert found.tolist() == [[-1] * 3] * 2


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sets(st.integers(0, 7)), min_size=1, max_size=150), st.integers(1, 4), st.data())
def test_found_are_those_of_the_definition(lists, most, data):
    start = data.draw(st.integers(0, len(lists) - 1))
    found, scores = nearest(lists, most, start)
    for place, row in enumerate(range(start, len(lists))):
        expected = by_definition(lists, most, row)
        assert found[place].tolist() == expected + [-1] * (most - len(expected))
    assert (np.isfinite(scores) == (found >= 0)).all()


def test_a_wide_search_proposes_each_two_that_share_three_words_once(monkeypatch):
    rng = np.random.default_rng(4)
    # Of 200 words each photo has 6; the last 20 photos hold 4 words of one of the others each.
    lists = [rng.choice(200, 6, replace=False) for _ in range(60)]
    lists += [np.append(lists[place][:4], [300 + place, 400 + place]) for place in range(20)]
    words = Ragged.of([np.sort(part).astype(np.int32) for part in lists])
    none = Ragged.of([np.empty(0, dtype=np.int32)] * 80)
    monkeypatch.setattr(visual_words, "WIDE", 10)
    found = visual_words.pairs(words, none, SEARCH)
    shared = {(a, b) for a in range(80) for b in range(a + 1, 80) if len({*lists[a]} & {*lists[b]}) >= 3}
    assert {(place, 60 + place) for place in range(20)} <= shared
    assert sorted(found[["a", "b"]].itertuples(index=False, name=None)) == sorted(shared)
    assert not found["mirrored"].any()
    mirrored = visual_words.pairs(words, words, SEARCH.model_copy(update={"neighbours": 40}))
    assert sorted(mirrored.loc[mirrored["mirrored"], ["a", "b"]].itertuples(index=False, name=None)) == sorted(shared)
