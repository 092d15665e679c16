import numpy as np
import pandas as pd
import pytest

from lesionflow.evaluate import origin
from lesionflow.evaluate.settings import EvaluateParams

SETTINGS = EvaluateParams(confidence=0.95, bootstrap=100, top_k=3, specificity=0.9)


def run(count=120, *, marked, source=None, label=None):
    """Photos of two sources; with `marked`, the first feature says which."""
    rng = np.random.default_rng(1)
    sources = rng.integers(0, 2, count) if source is None else source
    rows = pd.DataFrame({"split": ["train", "test"] * (count // 2), "source": np.array(["web", "clinic"])[sources]})
    rows["label"] = np.array(["acne", "eczema"])[rng.integers(0, 2, count) if label is None else label]
    rows["group"] = [f"g{place}" for place in range(count)]
    features = rng.normal(size=(count, 12)).astype(np.float32)
    features[:, 0] += 4 * sources * marked
    return origin.measure(features, rows, SETTINGS, seed=1)


def test_features_that_carry_a_mark_of_the_source_tell_it():
    found = run(marked=True)
    assert (found["sources"], found["photos"], found["chance"]) == (2, 60, 0.5)
    assert found["balanced_accuracy"]["low"] > 0.7
    assert found["by_class"]["low"] < 0.5 < found["by_class"]["high"]


def test_features_without_one_do_not():
    found = run(marked=False)
    assert found["balanced_accuracy"]["low"] < 0.5


def test_sources_of_other_classes_are_told_by_the_class_alone():
    half = np.arange(120) // 2 % 2
    assert run(marked=False, source=half, label=half)["by_class"]["value"] == pytest.approx(1)


@pytest.mark.parametrize("web", [0, 8])
def test_a_single_source_or_one_of_few_photos_is_not_available(web):
    # 8 photos are 4 in train and 4 in test: below 10.
    assert run(marked=True, source=(np.arange(120) >= web).astype(int)) is None
