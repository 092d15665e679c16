import json

import numpy as np
import pandas as pd

from lesionflow import tables
from lesionflow.evaluate import predictions, results
from lesionflow.evaluate.settings import EvaluateParams

LABELS = ["x", "y"]
SPLIT = pd.DataFrame(
    {
        "sha256": ["a", "b", "c"],
        "split": ["test", "test", "val"],
        "group": ["g1", "g2", "g3"],
        "label": ["x", "y", "x"],
        "class_id": [0, 1, 0],
    }
)
CLASSES = pd.DataFrame({"label": LABELS, "verdict": "keep", "class_id": [0, 1], "malignant": [False, True]})


def test_table_and_figures_of_a_classifier_are_written_under_its_name(tmp_path):
    table = predictions.table(SPLIT, np.array([[0.9, 0.1], [0.7, 0.3], [0.8, 0.2]]), LABELS, model="m")
    settings = EvaluateParams(confidence=0.9, bootstrap=20, top_k=2, specificity=0.5)
    outputs, reports = tmp_path / "outputs", tmp_path / "reports"
    results.write(table, CLASSES, settings, name="m", seed=1, outputs=outputs, reports=reports)
    assert len(tables.read(outputs / "predictions/m.parquet", tables.PREDICTIONS)) == 3
    measured = json.loads((reports / "metrics/m.json").read_text())
    # Of a and b, b is taken for x; its 0.3 for the malignant y lies above the 0.2 of the one validation photo.
    assert (measured["model"], measured["test"]["accuracy"]["value"]) == ("m", 0.5)
    assert measured["test"]["malignant_sensitivity"]["value"] == 1.0
    assert (reports / "confusion/m.csv").read_text() == "actual,predicted\nx,x\ny,x\n"
    assert pd.read_csv(reports / "per_class/m.csv")["recall"].tolist() == [1.0, 0.0]
