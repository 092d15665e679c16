import numpy as np
import pandas as pd
import pytest

from lesionflow.errors import LesionflowError
from lesionflow.learn import joining

SPLIT = pd.DataFrame({"sha256": list("abcd"), "split": ["train", "val", "val", "test"], "class_id": [0, 0, 1, 1]})


def predicted(rows):
    return SPLIT.assign(probabilities=[np.float32(row) for row in rows])


def card(name="one", **changes):
    told = {"model": name, "labels": ["x", "y"], "class_photos": {"x": 3, "y": 1}, "tau": 0.0, "trade": 0.5, "taus": []}
    return told | changes


def test_log_probabilities_are_averaged():
    # The geometric mean of odds 9 and 1 is 3; of 4 and 1/4, 1.
    one = predicted([[0.9, 0.1], [0.8, 0.2], [0.5, 0.5], [0.5, 0.5]])
    two = predicted([[0.5, 0.5], [0.2, 0.8], [0.5, 0.5], [0.5, 0.5]])
    found = joining.join([one, two], [card(), card("two")])
    np.testing.assert_allclose(found.probabilities[:2], [[0.75, 0.25], [0.5, 0.5]], atol=1e-6)
    assert found.told["joined"] == ["one", "two"]
    assert found.told["clinical"] == []


def test_each_ones_own_adjustment_is_undone():
    # Prior odds are 3. With tau 1, odds of 3 became 1; undone they are 3 again, as of the other.
    adjusted = predicted([[0.5, 0.5]] * 4)
    plain = predicted([[0.75, 0.25]] * 4)
    found = joining.join([adjusted, plain], [card(tau=1.0), card("two")])
    np.testing.assert_allclose(found.probabilities, [[0.75, 0.25]] * 4, atol=1e-6)


def test_the_adjustment_of_all_is_chosen_on_validation():
    # Odds of 2 where y is true and of 4 where x is: prior odds 3 to the power 1 divide them to 2/3 and 4/3.
    one = predicted([[0.8, 0.2], [0.8, 0.2], [2 / 3, 1 / 3], [2 / 3, 1 / 3]])
    found = joining.join([one, one], [card(taus=[0.0, 1.0, 2.0]), card("two")])
    assert found.told["tau"] == 1.0
    assert found.told["val_score"] == 1.0
    np.testing.assert_allclose(found.probabilities[3], [0.4, 0.6], atol=1e-6)
    assert (found.told["train_accuracy"], found.told["val_accuracy"], found.told["collapsed"]) == (1.0, 1.0, [])


def test_a_probability_of_zero_leaves_the_others_a_say():
    one, two = predicted([[1, 0]] * 4), predicted([[0, 1]] * 4)
    found = joining.join([one, two], [card(), card("two")])
    np.testing.assert_allclose(found.probabilities, 0.5, atol=1e-6)


@pytest.mark.parametrize(
    ("other", "labels"),
    [(predicted([[1, 0]] * 4).iloc[::-1], "xy"), (predicted([[1, 0]] * 4)[:3], "xy"), (predicted([[1, 0]] * 4), "yx")],
)
def test_predictions_of_other_photos_or_classes_are_refused(other, labels):
    with pytest.raises(LesionflowError, match="joining one and two\n  got:      predictions of other photos"):
        joining.join([predicted([[1, 0]] * 4), other], [card(), card("two", labels=list(labels))])


def test_what_either_looks_at_is_told():
    tables = [predicted([[0.5, 0.5]] * 4)] * 2
    cards = [card("one", clinical={"age": {}, "sex": []}), card("two", clinical={"age": {}, "body_site": []})]
    assert joining.join(tables, cards).told["clinical"] == ["age", "sex", "body_site"]
