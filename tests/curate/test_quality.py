import pandas as pd
import pytest

from lesionflow.curate import quality
from lesionflow.curate.settings import QualityParams

SETTINGS = QualityParams(
    min_side=100, min_sharpness=5, brightness=(0.1, 0.9), min_contrast=0.02, min_entropy=3, min_colourfulness=4,
    max_aspect=3, max_border_share=0.8,
)  # fmt: skip
GOOD = {
    "sha256": "x", "width": 300, "height": 200, "sharpness": 50.0, "brightness": 0.5, "contrast": 0.1, "entropy": 6.0,
    "colourfulness": 20.0, "border_share": 0.1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"height": 99}, "too_small"),
        ({"width": 601}, "extreme_aspect"),
        ({"brightness": 0.05}, "too_dark"),
        ({"brightness": 0.95}, "too_bright"),
        ({"contrast": 0.01}, "flat"),
        ({"entropy": 2.0}, "flat"),
        ({"colourfulness": 1.0}, "monochrome"),
        ({"sharpness": 4.0}, "blurred"),
        ({"border_share": 0.9}, "mostly_border"),
        ({"brightness": 0.05, "sharpness": 1.0}, "too_dark"),  # the first rule that holds
    ],
)
def test_a_bad_photo_has_its_reason(change, reason):
    assert quality.unusable(pd.DataFrame([GOOD | change]), SETTINGS).to_dict() == {"x": reason}


def test_a_good_photo_has_none():
    assert quality.unusable(pd.DataFrame([GOOD]), SETTINGS).empty


def test_the_bounds_themselves_are_good():
    edge = {"width": 300, "height": 100, "sharpness": 5.0, "brightness": 0.1, "contrast": 0.02, "entropy": 3.0}
    assert quality.unusable(pd.DataFrame([GOOD | edge]), SETTINGS).empty
