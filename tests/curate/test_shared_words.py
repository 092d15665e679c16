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


def nearest(lists, weights, most, start=0):
    targets = matrix(lists)
    queries = targets.copy()
    queries.data = np.array(weights, dtype=np.float32)[queries.indices]
    norms = np.sqrt(np.diff(targets.indptr)).astype(np.float32)
    return shared_words.nearest(queries[start:], targets.T.tocsr(), norms, start, most)


def by_definition(lists, weights, most, row):
    """Targets that share two words, by score and then by row: sums in steps of 1/2048."""
    scores = {}
    for other, words in enumerate(lists):
        shared = set(words) & set(lists[row])
        if other != row and len(shared) >= 2:
            steps = sum(round(weights[word] * 2048) for word in shared)
            scores[other] = np.float32(np.float32(steps / 2048) / np.float32(np.sqrt(np.float32(len(set(words))))))
    return sorted(scores, key=lambda other: (-scores[other], other))[:most]


def test_only_those_that_share_two_words_are_found():
    # Photo 0 shares words 0 and 1 with photo 1, one word with photo 2, and none with photo 3.
    found, scores = nearest([{0, 1, 2}, {0, 1}, {2, 3}, {5}], [1.0, 2.0, 9.0, 1, 1, 1, 1, 1], 2)
    assert found.tolist() == [[1, -1], [0, -1], [-1, -1], [-1, -1]]
    # (1 + 2) / sqrt(2) and (1 + 2) / sqrt(3).
    assert scores[:2, 0] == pytest.approx([3 / 2**0.5, 3 / 3**0.5])
    assert np.isneginf(scores[found < 0]).all()


def test_of_equal_scores_the_smaller_row_stands():
    found, _ = nearest([{0, 1}] * 4, [1.0] * 8, 2)
    assert found.tolist() == [[1, 2], [0, 2], [0, 1], [0, 1]]


def test_no_query_and_queries_without_words_find_nothing():
    found, scores = nearest([{0, 1}, {0, 1}], [1.0] * 8, 3, start=2)
    assert found.shape == scores.shape == (0, 3)
    found, _ = nearest([set(), set()], [1.0] * 8, 3)
    assert found.tolist() == [[-1] * 3] * 2


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sets(st.integers(0, 7)), min_size=1, max_size=150),
    st.lists(st.floats(0, 20, width=32), min_size=8, max_size=8),
    st.integers(1, 4),
    st.data(),
)
def test_found_are_those_of_the_definition(lists, weights, most, data):
    start = data.draw(st.integers(0, len(lists) - 1))
    found, scores = nearest(lists, weights, most, start)
    for place, row in enumerate(range(start, len(lists))):
        expected = by_definition(lists, weights, most, row)
        assert found[place].tolist() == expected + [-1] * (most - len(expected))
    assert (np.diff(scores, axis=1)[np.isfinite(scores[:, 1:])] <= 0).all()


def test_a_wide_search_proposes_the_photos_that_share_two_words(monkeypatch):
    rng = np.random.default_rng(4)
    # Of 200 words each photo has 6; the last 20 photos hold 4 words of one of the others each.
    lists = [rng.choice(200, 6, replace=False) for _ in range(60)]
    lists += [np.append(lists[place][:4], [300 + place, 400 + place]) for place in range(20)]
    words = Ragged.of([np.sort(part).astype(np.int32) for part in lists])
    none = Ragged.of([np.empty(0, dtype=np.int32)] * 80)
    narrow = visual_words.pairs(words, none, SEARCH)
    monkeypatch.setattr(visual_words, "WIDE", 10)
    wide = visual_words.pairs(words, none, SEARCH)
    of_both = {(a, b) for a, b in wide[["a", "b"]].itertuples(index=False)}
    assert {(60 + place, place) for place in range(20)} <= of_both
    shared = {(a, b) for a in range(80) for b in range(80) if a != b and len({*lists[a]} & {*lists[b]}) >= 2}
    assert of_both == shared < {(a, b) for a, b in narrow[["a", "b"]].itertuples(index=False)}
