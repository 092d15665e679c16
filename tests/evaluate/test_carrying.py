import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.evaluate import carrying
from lesionflow.evaluate.carrying import Carriers
from lesionflow.evaluate.settings import EvaluateParams

SETTINGS = EvaluateParams(confidence=0.95, bootstrap=200, top_k=3, specificity=0.9)


def photos(marked):
    """Features of two numbers, of which the second says whether a photo is marked, the first nothing."""
    noise = np.random.default_rng(0).standard_normal(len(marked)) / 10
    return np.stack([noise, np.asarray(marked, dtype=float)], axis=1).astype(np.float32)


def rows(labels, split="train"):
    return pd.DataFrame({"label": list(labels), "group": [f"g{n}" for n in range(len(labels))], "split": split})


DRAWN = pd.DataFrame({"corruption": ["none"] * 10 + ["pen"] * 10 + ["ruler"] * 10})
SEEN = photos([0] * 10 + [1] * 10 + [0] * 10)


def test_training_photos_that_look_marked_are_found_and_no_others_are_asked():
    some = pd.concat([rows("aabb"), rows("aa", "test")], ignore_index=True)
    found = carrying.find(DRAWN, SEEN, photos([1, 1, 0, 1, 1, 1]), some, ["pen", "hair"])
    assert list(found.rows["label"]) == list("aabb")
    # No hair was drawn, so that nothing is said of it.
    assert list(found.looks) == ["pen"]
    assert list(found.looks["pen"]) == [True, True, False, True]


def carriers(labels, looks, groups=None):
    frame = rows(labels)
    return Carriers(frame if groups is None else frame.assign(group=groups), pd.DataFrame({"pen": looks}))


def test_the_excess_is_the_share_of_the_class_minus_that_of_the_others():
    # Of a, three of four look marked; of the others, one of five: 0.75 - 0.2.
    found = carriers("aaaabbbcc", [True, True, True, False, True, False, False, False, False])
    excess = carrying.excess(found, "pen", "a", SETTINGS, seed=1)
    assert excess["value"] == pytest.approx(0.55)
    assert excess["low"] < 0.55 < excess["high"]


def test_what_cannot_be_known_is_not_available():
    found = carriers("aab", [True, False, False])
    assert carrying.excess(found, "ruler", "a", SETTINGS, seed=1) is None
    assert carrying.excess(found, "pen", "of another run", SETTINGS, seed=1) is None
    assert carrying.excess(carriers("aaa", [True] * 3), "pen", "a", SETTINGS, seed=1) is None
    of_one = carriers("aab", [True, False, False], groups=["g"] * 3)
    assert carrying.excess(of_one, "pen", "a", SETTINGS, seed=1) == {"value": 0.5, "low": None, "high": None}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), min_size=2, max_size=30))
def test_of_two_classes_one_gains_what_the_other_lacks(some):
    found = carriers([label for label, _ in some], [looks for _, looks in some])
    first, second = (carrying.excess(found, "pen", label, SETTINGS, seed=1) for label in "ab")
    assert (first is None) == (second is None)
    if first is not None:
        assert -1 <= first["value"] <= 1
        assert first["value"] == pytest.approx(-second["value"])
