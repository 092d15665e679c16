import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.evaluate import confusions, metrics


def counts(truth, predicted, classes):
    matrix = np.zeros((classes, classes))
    np.add.at(matrix, (truth, predicted), 1)
    return matrix


@settings(max_examples=60, deadline=None)  # scikit-learn is slow on its first calls
@given(st.integers(1, 6), st.integers(0, 60), st.integers(0, 2**32 - 1))
def test_a_matrix_gives_what_the_predictions_themselves_give(classes, photos, seed):
    rng = np.random.default_rng(seed)
    truth, predicted = rng.integers(0, classes, photos), rng.integers(0, classes, photos)
    expected = metrics.measure(np.eye(classes)[predicted], truth, top_k=1)
    found = confusions.measure(counts(truth, predicted, classes))
    assert len(found) == 10
    for name in found:
        value = expected[name]
        assert found[name] == pytest.approx(np.nan if value is None else value, nan_ok=True), name


def test_many_matrices_are_measured_at_once():
    # Accuracies 3/4 and 1/2.
    matrices = np.array([[[2.0, 1], [0, 1]], [[1.0, 0], [1, 0]]])
    assert confusions.measure(matrices)["accuracy"].tolist() == [0.75, 0.5]
