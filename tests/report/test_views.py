import numpy as np
import pandas as pd

from lesionflow.report import grids, inputs, views


def test_table_by_class_tells_counts_shares_and_coefficients_apart():
    frame = pd.DataFrame(
        {
            "label": ["a_b", "c"],
            "recall": [1.0, 0.0],
            "recall_low": [0.9, np.nan],
            "recall_high": [1.0, np.nan],
            "f1": [0.5, np.nan],
            "mcc": [-0.5, 0.25],
            "photos": [1, 1200],
        }
    )
    grid = grids.grid(frame)
    assert grid.heads == ["Class", "Recall", "F1", "Mcc", "Photos"]
    assert grid.rows == [
        ["a_b", "100.0 % [90.0, 100.0]", "50.0 %", "-0.500", "1"],
        ["c", "0.0 % [n/a]", "n/a", "0.250", "1,200"],
    ]


def test_counts_of_zero_and_one_are_no_shares():
    assert grids.grid(pd.DataFrame({"label": ["a"], "photos": [1]})).rows == [["a", "1"]]


def test_facts_are_told_in_words():
    content = {"blank_maps": 0, "share": 0.123456, "by_kind": {"right": 2}, "none": [], "ok": True, "gap": None}
    assert grids.facts(content) == [
        ("Blank maps", "0"), ("Share", "0.1235"), ("By kind", "right 2"), ("None", "none"), ("Ok", "yes"),
        ("Gap", "n/a"),
    ]  # fmt: skip


def test_untrained_backbone_claims_no_training_data(root):
    model = inputs.read(root / "outputs", root / "reports", ["untrained-study"]).models[0]
    facts = dict(views.of(model, ["melanoma", "nevus"], selected=False).facts)
    assert facts["Weights"] == "random (untrained)"
    assert "Trained on" not in facts
    assert facts["Input size"] == "224 × 224 pixels"
