import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.errors import LesionflowError
from lesionflow.evaluate import rematch

LABELS = ["x", "y"]


def table(rows):
    """Predictions from (photo, split, group, label); every answer is 0.75 for the truth."""
    frame = pd.DataFrame(rows, columns=["sha256", "split", "group", "label"])
    frame["class_id"] = [LABELS.index(label) for label in frame["label"]]
    frame["probabilities"] = [[0.75, 0.25] if one == 0 else [0.25, 0.75] for one in frame["class_id"]]
    return frame


RECORD = table(
    [("a", "test", "1", "x"), ("b", "test", "2", "y"), ("c", "train", "3", "x"), ("d", "val", "4", "y"),
     ("gone", "test", "5", "x")]
)  # fmt: skip


def test_photos_that_the_champion_learned_from_and_their_group_are_left_out():
    # c was train and is test now; near lies in its group, so its look is known too; d was val. b has another label.
    now = table(
        [("a", "test", "1", "x"), ("b", "test", "2", "x"), ("c", "test", "3", "x"), ("near", "test", "3", "x"),
         ("d", "test", "4", "y"), ("new", "test", "6", "y"), ("e", "train", "7", "y")]
    )  # fmt: skip
    found = rematch.sort_out(now, RECORD)
    assert list(found.rows["sha256"]) == ["a", "b", "new"]
    assert found.unanswered == ("new",)
    assert (found.learned, found.lost, found.relabelled, found.before) == (3, 1, 1, 3)


def test_the_same_test_needs_no_new_answer_and_loses_nothing():
    found = rematch.sort_out(RECORD, RECORD)
    assert (found.unanswered, found.learned, found.lost, found.relabelled) == ((), 0, 0, 0)
    assert list(found.rows["sha256"]) == ["a", "b", "gone"]


def test_a_pair_holds_old_answers_and_new_ones_in_the_present_order_of_classes():
    now = table([("a", "test", "1", "x"), ("new", "test", "6", "y")])
    # The champion knew y before x, so that its 0.75 of a is for y.
    pair = rematch.pair(rematch.sort_out(now, RECORD), RECORD, {"new": [0.5, 0.5]}, theirs=["y", "x"], ours=LABELS)
    assert pair.candidate.tolist() == [[0.75, 0.25], [0.25, 0.75]]
    assert pair.champion.tolist() == [[0.25, 0.75], [0.5, 0.5]]
    assert (pair.class_id.tolist(), pair.groups) == ([0, 1], ("1", "6"))


def test_a_missing_answer_is_told():
    now = table([("new", "test", "6", "y")])
    with pytest.raises(LesionflowError, match="none to 1 photos"):
        rematch.pair(rematch.sort_out(now, RECORD), RECORD, {}, theirs=LABELS, ours=LABELS)


def test_classes_that_came_and_went():
    # z is new to it: never its answer. w is gone: 0.5 of the first row stays, shared as 0.25 : 0.25; of the second
    # nothing is left, so that it says nothing.
    given_ = np.array([[0.25, 0.25, 0.5], [0.0, 0.0, 1.0]])
    found = rematch.aligned(given_, ["x", "y", "w"], ["x", "y", "z"])
    assert found.tolist() == [[0.5, 0.5, 0.0], pytest.approx([1 / 3] * 3)]


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), max_size=5),
    st.lists(st.sampled_from("abcde"), unique=True, min_size=1),
)
def test_rows_always_sum_to_one(rows, ours):
    found = rematch.aligned(np.array(rows).reshape(len(rows), 3), ["a", "b", "c"], ours)
    assert found.sum(axis=1) == pytest.approx(np.ones(len(rows)))
