import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.curate import outoffold


def gaussians(counts, width=4, distance=6.0, seed=0):
    """One cloud a class, each at its own corner; every photo its own group."""
    generator = np.random.default_rng(seed)
    class_ids = np.repeat(np.arange(len(counts)), counts)
    centres = distance * np.eye(len(counts), width)
    matrix = centres[class_ids] + generator.normal(size=(len(class_ids), width))
    return matrix, class_ids, np.arange(len(class_ids))


def predict(matrix, class_ids, groups, folds=5, classes=None):
    return outoffold.predict(
        matrix, class_ids, groups, classes=classes or int(class_ids.max()) + 1, folds=folds, seed=1
    )


def test_classes_apart_are_told_apart_and_rows_sum_to_one():
    found = predict(*gaussians([40, 40, 40]))
    assert found.available.all()
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    assert (found.probabilities.argmax(axis=1) == np.repeat([0, 1, 2], 40)).mean() > 0.95


def test_a_photo_is_never_judged_by_its_own_group():
    # Labels are random, but each group of four is one picture with one label: a model that saw another photo of the
    # group would recognise it. By other groups alone no label is better than chance.
    generator = np.random.default_rng(3)
    pictures, labels = generator.normal(size=(50, 200)), generator.permutation(np.repeat([0, 1], 25))
    matrix, class_ids, groups = (np.repeat(of, 4, axis=0) for of in (pictures, labels, np.arange(50)))
    apart = predict(matrix, class_ids, groups).probabilities.argmax(axis=1) == class_ids
    leaking = predict(matrix, class_ids, np.arange(200)).probabilities.argmax(axis=1) == class_ids
    assert apart.mean() < 0.7
    assert leaking.mean() > 0.9


def test_a_class_in_one_group_is_not_available_and_spoils_no_other():
    matrix, class_ids, groups = gaussians([30, 30, 6])
    groups[class_ids == 2] = groups[60]
    found = predict(matrix, class_ids, groups)
    assert found.available.tolist() == [True] * 60 + [False] * 6
    assert not found.probabilities[60:].any()
    np.testing.assert_allclose(found.probabilities[:60].sum(axis=1), 1)


def test_a_class_with_fewer_groups_than_folds_is_judged_by_those_it_has():
    matrix, class_ids, groups = gaussians([30, 30, 6])
    groups[class_ids == 2] = [60, 60, 60, 63, 63, 63]
    found = predict(matrix, class_ids, groups)
    # The two groups may come to lie in one fold; else each is judged by the other. Both ways, no other photo suffers.
    assert found.available[:60].all()
    assert len(set(found.available[60:].tolist())) == 1


@pytest.mark.parametrize(
    ("matrix", "class_ids", "groups"),
    [
        (np.ones((20, 3)), np.repeat([0, 1], 10), np.arange(20)),  # the same features
        (np.eye(3), np.arange(3), np.arange(3)),  # one photo a class
        (np.eye(6), np.repeat([0, 1], 3), np.zeros(6, dtype=int)),  # one group
        (np.eye(6), np.zeros(6, dtype=int), np.arange(6)),  # one class
        (np.empty((0, 3)), np.empty(0, dtype=int), np.empty(0, dtype=int)),
    ],
)
def test_where_nothing_can_be_learned_nothing_is_available(matrix, class_ids, groups):
    found = outoffold.predict(matrix, class_ids, groups, classes=3, folds=5, seed=1)
    assert not found.available.any()
    assert not found.probabilities.any()


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(1, 25), st.integers(2, 6))
def test_any_labels_and_groups_give_probabilities_or_none(data, photos, folds):
    whole = st.lists(st.integers(0, 3), min_size=photos, max_size=photos).map(np.array)
    class_ids, groups = data.draw(whole), data.draw(whole)
    matrix = np.random.default_rng(photos).normal(size=(photos, 3))
    found = outoffold.predict(matrix, class_ids, groups, classes=4, folds=folds, seed=1)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), found.available.astype(float))
    # A class within one group cannot be judged.
    for class_id in set(class_ids.tolist()):
        if len(set(groups[class_ids == class_id].tolist())) == 1:
            assert not found.available[class_ids == class_id].any()
