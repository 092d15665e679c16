import numpy as np
import pandas as pd

from lesionflow.evaluate import results
from lesionflow.evaluate.intervals import EvaluateParams

SPLIT = pd.DataFrame(
    {
        "sha256": ["a", "b", "c", "d", "e", "f"],
        "split": ["test", "test", "test", "test", "val", "train"],
        "group": ["g1", "g1", "g2", "g3", "g4", "g5"],
        "label": ["x", "y", "y", "x", "x", "y"],
        "class_id": [0, 1, 1, 0, 0, 1],
    }
)
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4], [0.1, 0.9], [0.0, 1.0]], dtype=np.float32)


def test_predictions_name_the_most_probable_label():
    table = results.predictions("m", SPLIT, PROBABILITIES, ["x", "y"])
    assert table["predicted"].tolist() == ["x", "y", "x", "x", "y", "y"]
    assert set(table["model"]) == {"m"}


def test_summary_measures_each_part_and_counts_test_groups():
    table = results.predictions("m", SPLIT, PROBABILITIES, ["x", "y"])
    summary = results.summarise(table, EvaluateParams(confidence=0.9, bootstrap=50, top_k=2), seed=1)
    # Of a, b, c, d only c is wrong; the photo of val is wrong, that of train right.
    assert summary["test"]["accuracy"]["value"] == 0.75
    assert (summary["test"]["photos"], summary["test"]["groups"]) == (4, 3)
    assert (summary["val"]["accuracy"], summary["train"]["accuracy"]) == (0.0, 1.0)


def test_confusion_pairs_hold_the_test_photos_alone():
    table = results.predictions("m", SPLIT, PROBABILITIES, ["x", "y"])
    pairs = results.confusion_pairs(table)
    assert pairs.to_dict("list") == {"actual": ["x", "y", "y", "x"], "predicted": ["x", "y", "x", "x"]}
