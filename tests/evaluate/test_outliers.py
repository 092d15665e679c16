import numpy as np
import pandas as pd
import pytest

from lesionflow.errors import LesionflowError
from lesionflow.evaluate import outliers
from lesionflow.evaluate.settings import OutliersParams

SETTINGS = OutliersParams(neighbour=1, usual_share=0.5)
ROOT_2 = 2**0.5


def split(*parts):
    return pd.DataFrame({"sha256": [f"{row:03}" for row in range(len(parts))], "split": parts})


def test_distance_is_to_the_nearest_training_photo_other_than_itself():
    # Directions: training 0 and 90 degrees; a test photo at 0 (of another length), one at 180.
    features = np.array([[1, 0], [0, 1], [5, 0], [-1, 0]], dtype=np.float32)
    found = outliers.score(split("train", "train", "test", "test"), features, SETTINGS)
    assert found["distance"].tolist() == pytest.approx([ROOT_2, ROOT_2, 0, ROOT_2], abs=1e-6)
    # Without validation photos there is no limit.
    assert not found["unusual"].any()


def test_limit_lets_the_asked_share_of_validation_pass():
    # Validation at 0, 0, 90, 180 degrees from the training photos at 0: distances 0, 0, 1.41, 2; half lies within 1.41
    # (the higher of the two in the middle), which is not beyond itself.
    features = np.array([[1, 0], [2, 0], [1, 0], [3, 0], [0, 1], [-1, 0], [-1, 0], [1, 0]], dtype=np.float32)
    parts = split("train", "train", "val", "val", "val", "val", "test", "test")
    found = outliers.score(parts, features, SETTINGS)
    assert found["unusual"].tolist() == [False] * 5 + [True, True, False]
    told = outliers.summary(parts, found, SETTINGS)
    assert told["limit"] == pytest.approx(ROOT_2, abs=1e-6)
    assert told["test"] == {"photos": 2, "unusual": 1, "median_distance": 1.0}
    assert told["val"]["unusual"] == 1


def test_blocks_give_what_all_at_once_give(monkeypatch):
    features = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    parts = split(*["train"] * 20, *["val"] * 5, *["test"] * 5)
    whole = outliers.score(parts, features, SETTINGS)
    monkeypatch.setattr(outliers, "BLOCK", 7)
    pd.testing.assert_frame_equal(outliers.score(parts, features, SETTINGS), whole)


def test_photos_of_another_kind_are_found():
    rng = np.random.default_rng(1)
    usual, strange = rng.normal([3, 0, 0], 0.3, (260, 3)), rng.normal([0, 3, 0], 0.3, (20, 3))
    parts = split(*["train"] * 200, *["val"] * 40, *["test"] * 40)
    settings = OutliersParams(neighbour=10, usual_share=0.95)
    found = outliers.score(parts, np.concatenate([usual, strange]), settings)["unusual"]
    assert found[-20:].all()
    assert found[240:260].mean() < 0.3


def test_without_photos_of_a_split_nothing_is_told_of_it():
    parts = split("train", "train")
    found = outliers.score(parts, np.eye(2), SETTINGS)
    assert outliers.summary(parts, found, SETTINGS)["val"] == {"photos": 0, "unusual": 0, "median_distance": None}
    assert outliers.summary(parts, found, SETTINGS)["limit"] is None


def test_too_few_training_photos_are_an_error():
    with pytest.raises(LesionflowError, match=r"Lower outliers.neighbour"):
        outliers.score(split("train", "test"), np.eye(2), SETTINGS)


def test_equal_features_are_no_outliers():
    found = outliers.score(split("train", "train", "val", "test"), np.ones((4, 2)), SETTINGS)
    assert found["distance"].tolist() == pytest.approx([0] * 4, abs=1e-6)
    assert not found["unusual"].any()
