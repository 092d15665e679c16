import xml.etree.ElementTree as ET

import pytest

from lesionflow.report import ablation_page


def cell(strategy, share, seed, accuracy):
    figures = {"balanced_accuracy": accuracy, "mcc": accuracy, "accuracy": accuracy}
    return {"strategy": strategy, "share": share, "seed": seed, "photos": round(1000 * share), **figures}


def estimate(value, low, high):
    return {"value": value, "low": low, "high": high}


RESULT = {
    "cells": [
        cell("lora", 1.0, 0, 0.65),
        cell("frozen", 1.0, 0, 0.5),
        cell("frozen", 1.0, 1, 0.6),
        cell("frozen", 0.1, 0, 0.4),
        cell("lora", 0.1, 0, None),
    ],
    "compared": [
        {"strategy": "lora", "share": 1.0, "seeds": [0], "balanced_accuracy": estimate(0.15, 0.05, 0.25),
         "mcc": estimate(0.15, 0.05, 0.25), "accuracy": estimate(0.15, None, None)},
        {"strategy": "lora", "share": 0.1, "seeds": [0], "balanced_accuracy": estimate(None, None, None),
         "mcc": estimate(None, None, None), "accuracy": estimate(None, None, None)},
    ],
}  # fmt: skip


def test_rows_stand_by_share_and_strategy_with_the_difference_from_frozen():
    assert ablation_page.rows(RESULT) == [
        ["10 % (100 photos)", "frozen", "40.0 %", "0.400", "40.0 %"],
        ["10 % (100 photos)", "LoRA", "n/a; n/a", "n/a; n/a", "n/a; n/a"],
        # The mean of 0.5 and 0.6.
        ["100 % (1,000 photos)", "frozen", "55.0 %", "0.550", "55.0 %"],
        [
            "100 % (1,000 photos)",
            "LoRA",
            "65.0 %; +15.0 [+5.0, +25.0]",
            "0.650; +0.150 [+0.050, +0.250]",
            "65.0 %; +15.0 [n/a]",
        ],
    ]


def test_the_page_says_how_it_is_read():
    text = ablation_page.to_markdown(RESULT, confidence=0.9)
    assert text.startswith("# Frozen against fine-tuned\n\n| Of the training photos ")
    assert "with its 90 % interval over leakage groups and seeds." in text


def test_the_figure_is_one_svg_of_the_same_bytes():
    drawn = [ablation_page.figure(RESULT, confidence=0.95) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert ET.fromstring(drawn[0]).tag.endswith("svg")
    for text in ("training photos", "LoRA", "frozen", "minus frozen, points (95 % interval)"):
        assert text in drawn[0]


@pytest.mark.parametrize("cells", [RESULT["cells"][1:4], RESULT["cells"][3:]])
def test_a_figure_of_cells_without_a_comparison_is_drawn_all_the_same(cells):
    assert "<svg" in ablation_page.figure({"cells": cells, "compared": []}, confidence=0.95)
