import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from lesionflow import scaling
from tests.sureness import made


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_was_put_in_is_found(temperature):
    assert scaling.fit_temperature(*made(temperature)) == pytest.approx(temperature, rel=0.1)


def test_temperature_is_scikit_learn_s():
    # scikit-learn scales the classifier's own logits on the same photos.
    rng = np.random.default_rng(3)
    features, truth = rng.normal(size=(300, 4)), rng.integers(0, 3, 300)
    features[np.arange(300), truth] += 1
    model = LogisticRegression(C=100).fit(features[:60], truth[:60])
    theirs = CalibratedClassifierCV(FrozenEstimator(model), method="temperature", ensemble=False).fit(features, truth)
    ours = scaling.fit_temperature(model.predict_proba(features), truth)
    found = scaling.apply_temperature(model.predict_proba(features), ours)
    np.testing.assert_allclose(found, theirs.predict_proba(features), atol=1e-3)


def test_temperature_makes_validation_loss_no_worse_even_of_certain_mistakes():
    probabilities = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = scaling.fit_temperature(probabilities, np.array([0, 1, 1]))
    assert 1 < found <= scaling.HOTTEST
    assert np.isfinite(scaling.apply_temperature(probabilities, found)).all()


def test_all_right_ends_at_the_coldest():
    found = scaling.fit_temperature(np.array([[0.6, 0.4]] * 3), np.array([0, 0, 0]))
    assert found == pytest.approx(scaling.COLDEST, rel=0.01)


def test_without_photos_there_is_no_temperature():
    assert scaling.fit_temperature(np.empty((0, 2)), np.array([], dtype=int)) is None


@given(st.floats(0.06, 15), st.integers(0, 2**32 - 1))
def test_scaling_sums_to_one_and_keeps_the_order(temperature, seed):
    probabilities = np.random.default_rng(seed).dirichlet([1, 1, 1], 5)
    scaled = scaling.apply_temperature(probabilities, temperature)
    np.testing.assert_allclose(scaled.sum(axis=1), 1)
    np.testing.assert_array_equal(scaled.argmax(axis=1), probabilities.argmax(axis=1))


def test_no_temperature_changes_nothing():
    probabilities = np.array([[0.6, 0.4]])
    assert scaling.apply_temperature(probabilities, None) is probabilities
