from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lesionflow import params
from lesionflow.curate import breaches, quality
from lesionflow.curate.reasons import Reason
from lesionflow.curate.settings import QualityParams

SETTINGS = params.load("curate.quality", QualityParams, Path(__file__).parents[2] / "params.yaml").model_copy(
    update={"min_side": 100, "min_sharpness": 4.0, "brightness": (0.1, 0.9), "min_contrast": 0.02, "min_entropy": 3.0}
)
GOOD = {
    "sha256": "x", "readable": True, "width": 300, "height": 200, "sharpness": 50.0, "brightness": 0.5, "contrast": 0.1,
    "entropy": 6.0, "colourfulness": 20.0, "border_share": 0.1, "seam_share": 0.1, "text_share": 0.0, "skin_share": 0.9,
}  # fmt: skip


def told(*changes):
    table = pd.DataFrame([GOOD | {"sha256": f"p{place}"} | change for place, change in enumerate(changes)])
    return breaches.told(table, quality.unusable(table, SETTINGS), SETTINGS)


@pytest.mark.parametrize(
    ("change", "evidence", "excess"),
    [
        ({"width": 150, "height": 50}, "shorter side in pixels 50, at least 100 asked", 0.5),  # (100 - 50) / 100
        ({"sharpness": 1.0}, "sharpness 1, at least 4 asked", 0.75),
        ({"brightness": 0.99}, "brightness 0.99, at most 0.9 asked", 0.1),
        # Both bounds of one reason: (0.02 - 0.01) / 0.02 and (3 - 1.5) / 3.
        ({"contrast": 0.01, "entropy": 1.5}, "contrast 0.01, at least 0.02 asked; entropy 1.5, at least 3 asked", 0.5),
        ({"border_share": 1.0}, "one colour, or bands of colours, all over", 1.0),
        # Its reason is too_dark; that it is blurred as well is not what dropped it.
        ({"brightness": 0.05, "sharpness": 1.0}, "brightness 0.05, at least 0.1 asked", 0.5),
    ],
)  # fmt: skip
def test_what_broke_the_bound_of_the_reason_is_told(change, evidence, excess):
    found = told(change).loc["p0"]
    assert found["evidence"] == evidence
    assert found["excess"] == pytest.approx(excess)


def test_usable_and_unreadable_photos_have_no_measure_to_tell():
    nothing = dict.fromkeys(set(GOOD) - {"sha256", "readable", "width", "height"}, np.nan)
    assert told({}, {"readable": False} | nothing).empty


def test_every_photo_dropped_for_something_measured_has_its_evidence():
    generator, rows = np.random.default_rng(0), 3000
    shares = {name: generator.choice([0.0, 0.1, 0.3, 0.6, 0.9, 1.0], rows) for name in GOOD if name.endswith("_share")}
    table = pd.DataFrame(
        {
            "sha256": [f"{place:04}" for place in range(rows)], "readable": True,
            "width": generator.integers(60, 900, rows), "height": generator.integers(60, 300, rows),
            "sharpness": generator.uniform(0, 40, rows), "brightness": generator.uniform(0, 1, rows),
            "contrast": generator.uniform(0, 0.2, rows), "entropy": generator.uniform(1, 8, rows),
            "colourfulness": generator.uniform(0, 60, rows), **shares,
        }
    )  # fmt: skip
    unusable = quality.unusable(table, SETTINGS)
    found = breaches.told(table, unusable, SETTINGS)
    assert set(found.index) == set(unusable.index)
    assert (found["excess"] > 0).all()
    unmeasured = {"not_ingested", "unreadable", "decided", "conflicting_labels", "exact_duplicate", "near_duplicate"}
    assert set(unusable) == set(map(str, Reason)) - unmeasured
