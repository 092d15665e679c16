import numpy as np
import pytest
import torch
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.frozen import FrozenEstimator

from lesionflow.learn import discriminant
from lesionflow.learn.head import SMOOTH, roots


def lifted(wanted):
    """The input whose roots are `wanted`."""
    wanted = torch.as_tensor(wanted, dtype=torch.float64)
    return (wanted.sign() * ((wanted.abs() + SMOOTH**0.5) ** 2 - SMOOTH)).float()


def drawn(photos, width, classes, seed=0):
    random = np.random.default_rng(seed)
    class_ids = random.permutation(np.arange(photos) % classes)
    inputs = random.gamma(1.0, size=(photos, width)) * (1 + (class_ids[:, None] == np.arange(width) % classes))
    return torch.from_numpy(inputs.astype(np.float32)), class_ids


def of(inputs, class_ids):
    return inputs, torch.as_tensor(class_ids)


def probabilities(made, inputs):
    with torch.inference_mode():
        return made(inputs).double().softmax(dim=1).numpy()


def weights(made):
    """Of class 1 over class 0."""
    found = made.linear.weight.detach().numpy()
    return found[1] - found[0]


def test_two_classes_are_told_apart_in_the_middle_of_their_roots():
    # Roots -1, 1 of class 0 and 3, 5 of class 1, of equal shares: their means are 0 and 4, so that 2 is undecided.
    known = of(lifted([[-1.0], [1.0], [3.0], [5.0]]), [0, 0, 1, 1])
    made = discriminant.fitted(known, known, shrinkage=0.65)
    found = probabilities(made, lifted([[1.0], [2.0], [3.0]]))[:, 1]
    assert found[0] < 0.5 < found[2]
    assert found[1] == pytest.approx(0.5, abs=1e-3)


def test_shrinkage_evens_the_variances():
    # Within variances 4 and 1 of two roots, uncorrelated: shrunk by half to 3.25 and 1.75, as their mean is 2.5. Both
    # means differ by 2, so the weights of class 1 over 0 are as 2 / 3.25 to 2 / 1.75; the temperature scales both.
    around = np.array([[2.0, 1.0], [-2.0, 1.0], [2.0, -1.0], [-2.0, -1.0]])
    known = of(lifted(np.concatenate([around, around + 2])), np.repeat([0, 1], 4))
    first, second = weights(discriminant.fitted(known, known, shrinkage=0.5))
    assert first / second == pytest.approx(1.75 / 3.25, rel=1e-4)


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_probabilities_are_scikit_learns_on_the_roots_scaled_on_validation(classes):
    train, val = of(*drawn(120, 12, classes)), of(*drawn(60, 12, classes, seed=1))
    made = discriminant.fitted(train, val, shrinkage=0.3)
    model = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.3)
    model.fit(roots(train[0]).double().numpy(), train[1].numpy())
    rooted = roots(val[0]).double().numpy()
    scaled = CalibratedClassifierCV(FrozenEstimator(model), method="temperature").fit(rooted, val[1].numpy())
    np.testing.assert_allclose(probabilities(made, val[0]), scaled.predict_proba(rooted), atol=2e-3)


def test_fewer_photos_than_features_can_be_told_apart_without_being_too_sure():
    train, val, test = (of(*drawn(photos, 200, 3, seed)) for seed, photos in enumerate((30, 60, 300)))
    found = probabilities(discriminant.fitted(train, val, shrinkage=0.65), test[0])
    right = found.argmax(axis=1) == test[1].numpy()
    assert right.mean() > 0.8
    # The standard error of a share of 300 photos is 0.02.
    assert found.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.08)


def test_identical_features_leave_the_shares_of_the_classes():
    known = of(torch.ones(8, 3), [0, 0, 0, 1] * 2)
    made = discriminant.fitted(known, known, shrinkage=0.65)
    np.testing.assert_allclose(probabilities(made, known[0]), [[0.75, 0.25]] * 8, atol=1e-3)


def test_the_same_photos_give_the_same_weights():
    train, val = of(*drawn(60, 80, 3)), of(*drawn(60, 80, 3, seed=1))
    first, again = (discriminant.fitted(train, val, shrinkage=0.65).linear.weight for _ in range(2))
    assert torch.equal(first, again)
