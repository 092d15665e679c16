import numpy as np
import pandas as pd
import pytest

from lesionflow.errors import LesionflowError
from lesionflow.learn import examples

SPLIT = pd.DataFrame({"sha256": ["a", "b", "c"], "class_id": [1, 0, 1], "split": ["train", "val", "train"]})
FEATURES = pd.DataFrame({"sha256": ["c", "x", "a", "b"], "features": [np.float32([value]) for value in (3, 9, 1, 2)]})


def test_features_are_joined_by_photo_not_by_row():
    split, matrix = examples.join(SPLIT, FEATURES)
    assert matrix.tolist() == [[1], [2], [3]]
    train = examples.part(split, matrix, "train")
    assert train.features.tolist() == [[1], [3]]
    assert train.class_ids.tolist() == [1, 1]


def test_a_photo_without_features_is_named():
    with pytest.raises(LesionflowError, match="features: photo b\n  got:      no features, as of 2 photos"):
        examples.join(SPLIT, FEATURES.iloc[[2]])


def test_labels_stand_in_the_order_of_their_class_id():
    classes = pd.DataFrame(
        {
            "label": ["acne", "wart", "zoster"],
            "verdict": ["keep", "drop", "keep"],
            "class_id": pd.array([1, None, 0], dtype="Int64"),
        }
    )
    assert examples.labels_in_order(classes) == ["zoster", "acne"]
