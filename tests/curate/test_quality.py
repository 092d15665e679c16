import contextlib
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from lesionflow import params
from lesionflow.curate import fingerprint, quality
from lesionflow.curate.reasons import Reason
from lesionflow.curate.settings import QualityParams
from lesionflow.sample import synthetic
from lesionflow.sample.catalogue import SMALL

PROJECT = Path(__file__).parents[2]

SETTINGS = QualityParams(
    min_side=100, max_aspect=3, max_text_share=0.3, brightness=(0.1, 0.9), min_contrast=0.02, min_entropy=3,
    min_colourfulness=4, max_border_share=0.8, max_seam_share=0.4, min_sharpness=5, min_skin_share=0.25,
)  # fmt: skip
GOOD = {
    "sha256": "x", "readable": True, "width": 300, "height": 200, "sharpness": 50.0, "brightness": 0.5, "contrast": 0.1,
    "entropy": 6.0, "colourfulness": 20.0, "border_share": 0.1, "seam_share": 0.1, "text_share": 0.0, "skin_share": 0.9,
}  # fmt: skip
UNREADABLE = {name: float("nan") for name in fingerprint.MEASURES} | {"readable": False}


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
        ({"border_share": 0.9, "brightness": 0.97}, "mostly_border"),
        ({"border_share": 1.0}, "flat"),
        ({"border_share": 1.0, "brightness": 0.97}, "too_bright"),
        ({"seam_share": 0.5}, "collage"),
        ({"text_share": 0.31}, "text_page"),
        ({"skin_share": 0.2}, "no_skin"),
        (UNREADABLE, "unreadable"),
        ({"brightness": 0.05, "sharpness": 1.0}, "too_dark"),  # the first rule that holds
        ({"text_share": 0.9, "brightness": 0.97, "colourfulness": 0.0}, "text_page"),
    ],
)
def test_a_bad_photo_has_its_reason(change, reason):
    assert quality.unusable(pd.DataFrame([GOOD | change]), SETTINGS).to_dict() == {"x": reason}


def test_a_good_photo_has_none():
    assert quality.unusable(pd.DataFrame([GOOD]), SETTINGS).empty


def test_the_bounds_themselves_are_good():
    edge = {"width": 300, "height": 100, "sharpness": 5.0, "brightness": 0.1, "contrast": 0.02, "entropy": 3.0}
    edge |= {"text_share": 0.3, "border_share": 0.8, "seam_share": 0.4, "skin_share": 0.25, "colourfulness": 4.0}
    assert quality.unusable(pd.DataFrame([GOOD | edge]), SETTINGS).empty


@pytest.fixture(scope="module")
def sample():
    return synthetic.compose(SMALL, 1)


def judged(items):
    """Reasons by name, under the settings of params.yaml."""
    rows = [{"sha256": item.name, **fingerprint.fingerprint_bytes(item.photo), **size(item.photo)} for item in items]
    with contextlib.chdir(PROJECT):
        settings = params.load("curate.quality", QualityParams)
    return quality.unusable(pd.DataFrame(rows), settings).to_dict()


def size(content):
    try:
        width, height = Image.open(io.BytesIO(content)).size
    except OSError:
        width, height = 256, 192
    return {"width": width, "height": height}


def test_planted_unusable_photos_are_dropped_with_the_reason_that_was_planted(sample):
    planted = {item.name: item.kind.removeprefix("unusable:") for item in sample if item.kind.startswith("unusable")}
    called = {"truncated": "unreadable", "html": "unreadable", "black": "too_dark", "white": "too_bright"}
    called |= {"tiny": "too_small", "meadow": "no_skin"}
    found = judged([item for item in sample if item.name in planted])
    assert found == {name: called.get(kind, kind) for name, kind in planted.items()}


def test_drawn_photos_of_all_skin_types_are_kept(sample):
    originals = [item for item in sample if item.kind == "original"]
    assert {item.subject.skin_type for item in originals} == {1, 2, 3, 4, 5, 6}
    assert judged(originals) == {}


def test_reasons_are_those_that_the_suite_knows():
    suite = json.loads((PROJECT / "expectations/curated.json").read_text())["expectations"]
    known = [e["kwargs"]["value_set"] for e in suite if e["kwargs"].get("column") == "reason" and "in_set" in e["type"]]
    assert known == [["", *map(str, Reason)]]
