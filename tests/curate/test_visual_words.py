import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.curate import visual_words
from lesionflow.curate.visual_words import Ragged
from tests.curate.pair_photos import SEARCH


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "1")


def pairs(table):
    """Each two photos once."""
    return {(min(a, b), max(a, b)) for a, b in table[["a", "b"]].itertuples(index=False)}


def ragged(*lists):
    return Ragged.of([np.array(words, dtype=np.int32) for words in lists])


_padded = visual_words._padded


def words(*lists, mirrored=None, settings=SEARCH):
    other = [[]] * len(lists) if mirrored is None else mirrored
    return visual_words.pairs(ragged(*lists), ragged(*other), settings)


def test_photos_that_share_words_are_proposed_both_ways():
    found = words([1, 2, 3], [2, 3, 4], [9])
    assert found[["a", "b"]].to_numpy().tolist() == [[0, 1], [1, 0]]


def test_two_photos_alone_are_proposed_by_the_words_that_both_have():
    assert pairs(words([1, 2, 3], [1, 2, 3])) == {(0, 1)}


def test_words_of_the_mirrored_photo_propose_it_mirrored():
    found = words([1, 2], [7, 8], mirrored=[[7, 8], [1, 2]])
    assert found[["a", "b", "mirrored"]].to_numpy().tolist() == [[0, 1, True], [1, 0, True]]


def test_rare_words_weigh_more_and_short_lists_are_not_drowned_by_long_ones():
    # Words 1, 2, 3 stand in 3, 2 and 2 of the 5 photos. Photo 0 (1, 2, 3) scores with
    #   1 (1, 3):            (ln(6/3) + ln(6/2)) / sqrt(2) = 1.267
    #   2 (2 and 30 more):   ln(6/2) / sqrt(31)            = 0.197
    #   3 (1):               ln(6/3) / sqrt(1)             = 0.693
    lists = [[1, 2, 3], [1, 3], [2, *range(100, 130)], [1], [999]]
    for neighbours, expected in ((1, [1]), (2, [1, 3]), (3, [1, 3, 2])):
        found = words(*lists, settings=SEARCH.model_copy(update={"neighbours": neighbours}))
        assert found.loc[found["a"] == 0, "b"].tolist() == expected
    found = words(*lists, settings=SEARCH.model_copy(update={"min_word_score": 0.7}))
    assert found.loc[found["a"] == 0, "b"].tolist() == [1]


def test_of_equal_scores_the_smaller_row_stands():
    found = words([1], [1], [1], settings=SEARCH.model_copy(update={"neighbours": 1}))
    assert found[["a", "b"]].to_numpy().tolist() == [[0, 1], [1, 0], [2, 0]]


def test_beyond_what_the_search_may_cost_the_most_common_words_are_left_out(monkeypatch):
    # Word 1 stands in 4 photos (16 products), word 2 in 3 (9), word 3 in 2 (4), words 4 to 7 in one each (1, 1, 1, 1).
    lists = [[1, 2, 3, 4], [1, 3, 5], [1, 2, 6], [1, 2, 7]]
    by_word_3 = {(0, 1)}
    by_word_2 = {(0, 2), (0, 3), (2, 3)}
    by_word_1 = set(itertools.combinations(range(4), 2))
    # In all 4 + 4 + 9 + 16 = 33; without word 1 they are 17, without word 2 also 8.
    for afforded, expected in ((33, by_word_1), (32, by_word_3 | by_word_2), (17, by_word_3 | by_word_2)):
        monkeypatch.setattr(visual_words, "OPERATIONS", afforded)
        assert pairs(words(*lists)) == expected
    for afforded, expected in ((16, by_word_3), (8, by_word_3), (7, set()), (0, set())):
        monkeypatch.setattr(visual_words, "OPERATIONS", afforded)
        assert pairs(words(*lists)) == expected


@settings(deadline=None, max_examples=15)
@given(st.lists(st.lists(st.integers(0, 12), unique=True).map(sorted), max_size=12), st.sampled_from([1, 3, 1000]))
def test_every_two_photos_with_a_common_word_are_proposed_in_blocks_of_any_size(lists, block):
    expected = {(a, b) for a, b in itertools.combinations(range(len(lists)), 2) if set(lists[a]) & set(lists[b])}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visual_words, "QUERIES", block)
        assert pairs(words(*lists)) == expected


@pytest.mark.parametrize("lists", [[], [[]], [[1, 2]], [[], []], [[1], []], [[1], [2]]])
def test_no_photos_one_photo_and_photos_without_common_words_propose_nothing(lists):
    assert len(words(*lists)) == 0


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(0, 6), unique=True).map(sorted), max_size=14), st.integers(1, 4))
def test_neighbours_are_those_of_the_whole_product_however_many_are_tied(lists, neighbours):
    search = SEARCH.model_copy(update={"neighbours": neighbours})
    found = words(*lists, mirrored=lists[::-1], settings=search)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visual_words, "sp_matmul_topn", lambda queries, targets, **_: (queries @ targets).tocsr())
        patch.setattr(visual_words, "_padded", lambda product, width: _padded(product, max(width, len(lists))))
        expected = words(*lists, mirrored=lists[::-1], settings=search)
    assert found.to_numpy().tolist() == expected.to_numpy().tolist()
