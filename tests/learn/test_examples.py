import json

import numpy as np
import pandas as pd
import pytest

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.learn import examples
from lesionflow.learn.head_inputs import Inputs, of_card

SPLIT = pd.DataFrame({"sha256": ["a", "b", "c"], "class_id": [1, 0, 1], "split": ["train", "val", "train"]})
FEATURES = pd.DataFrame(
    {"sha256": ["c", "x", "a", "b"], "view": "full", "features": [np.float32([value]) for value in (3, 9, 1, 2)]}
)


NOTHING_TOLD = tables.TRAITS.empty()
VIEWS = ("full", "full_flipped", "zoom", "zoom_flipped")


def of_views(*views):
    """Photo n of a, b, c has the feature 10 v + n in the v-th view."""
    rows = [(sha256, view, np.float32([10 * v + n])) for v, view in enumerate(views) for n, sha256 in enumerate("abc")]
    return pd.DataFrame(rows, columns=["sha256", "view", "features"]).sample(frac=1, random_state=0)


def test_features_are_joined_by_photo_not_by_row():
    matrix = examples.join(SPLIT, FEATURES, Inputs(), NOTHING_TOLD)
    assert matrix.tolist() == [[1], [2], [3]]
    train = examples.part(SPLIT, matrix, "train")
    assert train.features.tolist() == [[1], [3]]
    assert train.class_ids.tolist() == [1, 1]


def test_views_stand_side_by_side_and_mirror_images_are_averaged():
    # Photo b (n = 1): full 1, its mirror image 11, so 6; zoom 21 and 31, so 26.
    inputs = Inputs(("full", "zoom"), flips=True)
    assert examples.join(SPLIT, of_views(*VIEWS), inputs, NOTHING_TOLD)[1].tolist() == [6, 26]
    assert examples.join(SPLIT, of_views(*VIEWS), Inputs(("full", "zoom")), NOTHING_TOLD)[1].tolist() == [1, 21]
    assert inputs.width(1) == 2


def test_what_is_told_of_a_photo_stands_beside_its_features():
    told = pd.DataFrame({"sha256": ["c", "a"], "sex": ["female", "male"]})
    inputs = Inputs(clinical={"sex": ["female", "male"]})
    # Columns: feature, female, male, missing. Nothing is told of b.
    expected = [[1, 0, 1, 0], [2, 0, 0, 1], [3, 1, 0, 0]]
    assert examples.join(SPLIT, FEATURES, inputs, told).tolist() == expected
    assert inputs.width(1) == 4


def test_a_card_gives_the_inputs_back():
    inputs = Inputs(("zoom", "full"), flips=True, clinical={"age": {"mean": 50.0, "std": 10.0}})
    assert of_card(json.loads(json.dumps(inputs.card()))) == inputs
    assert of_card({}) == Inputs()


def test_a_photo_without_features_is_named():
    with pytest.raises(
        LesionflowError, match="features: photo b\n  got:      no features of view full, as of 2 photos"
    ):
        examples.join(SPLIT, FEATURES.iloc[[2]], Inputs(), NOTHING_TOLD)


def test_a_view_that_was_not_extracted_is_named():
    with pytest.raises(
        LesionflowError, match=r"(?s)view zoom, as of 3 photos; views there are: full\n.*extract_features.views"
    ):
        examples.join(SPLIT, FEATURES, Inputs(("full", "zoom")), NOTHING_TOLD)
