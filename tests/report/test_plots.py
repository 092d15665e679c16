import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lesionflow.report import plots, trust_plots

HOSTILE = [
    "</svg><script>alert(1)</script>",
    "\"quoted\" & 'single'",
    "ندبة \U0001f600",
    "$\\frac{",
    '--> style="#010101"',
]


def classes(labels):
    size = len(labels)
    return pd.DataFrame(
        {
            "label": labels,
            "in_manifest": range(size, 0, -1),
            "curated": [0] * size,
            "used": [0] * size,
            "verdict": ["keep"] * size,
        }
    )


def history(**columns):
    losses = {"train_loss": [3.0, 2.0, 1.0], "val_loss": [2.0, 1.0, 3.0]}
    return pd.DataFrame({"epoch": [1, 2, 3], **losses, "train_accuracy": 0.5, "val_accuracy": 0.25, **columns})


def bins():
    one = pd.DataFrame({"photos": [0, 3], "said": [np.nan, 0.8], "came": [np.nan, 0.5]})
    return pd.concat([one.assign(probabilities=name) for name in ("raw", "calibrated")])


def answered():
    return pd.DataFrame({"coverage": [0.5, 1.0], "risk": [0.0, 0.5]})


ABSTENTION = {"target_risk": 0.1, "coverage": {"value": 0.5}, "risk": {"value": 0.0}}


def drawn():
    board = pd.DataFrame({"model": ["m"], "f1": [0.5], "f1_low": [0.4], "f1_high": [0.6], "val_f1": [np.nan]})
    return {
        "bars": plots.class_bars(classes(["a", "b"])),
        "loss": plots.curves(history(), "loss", name="m"),
        "accuracy": plots.curves(history(), "accuracy", name="m"),
        "matrix": plots.confusion_matrix(np.array([[5, 1], [0, 3]]), ["a", "b"], name="m"),
        "intervals": plots.intervals(board, "f1", name="F1"),
        "reliability": trust_plots.reliability(bins(), name="m"),
        "risk": trust_plots.risk(answered(), ABSTENTION, name="m"),
    }


def test_same_data_give_the_same_bytes_whatever_the_user_s_matplotlib_settings():
    first = drawn()
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 30, "svg.hashsalt": "other", "axes.grid": True}):
        assert drawn() == first


def test_drawing_leaves_matplotlib_s_settings_as_they_were():
    before = dict(mpl.rcParams)
    drawn()
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", ["bars", "loss", "matrix", "intervals", "reliability", "risk"])
def test_chart_reaches_into_nothing_beyond_itself(name):
    svg = drawn()[name].svg
    assert not re.search(r"<style|<metadata|<script|https?://(?!www\.w3\.org/2000/svg)|#0101", svg)


def test_charts_of_one_page_share_no_id():
    ids = [found for chart in drawn().values() for found in set(re.findall(r'\bid="([^"]+)"', chart.svg))]
    assert len(ids) == len(set(ids))


def test_chart_takes_the_page_s_colours():
    svg = drawn()["loss"].svg
    assert "var(--accent)" in svg
    assert "currentColor" in svg


def texts(chart):
    return ["".join(element.itertext()) for element in ET.fromstring(chart.svg).iter() if element.tag.endswith("text")]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_label_is_drawn_as_text(label):
    chart = plots.class_bars(classes([label, "b"]))
    assert " ".join(label.replace("_", " ").split())[:29] in [text.rstrip("…") for text in texts(chart)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), min_size=1, max_size=3, unique=True))
def test_any_label_gives_well_formed_markup(labels):
    chart = plots.confusion_matrix(np.ones((len(labels), len(labels)), dtype=int), labels, name="m")
    assert ET.fromstring(chart.svg).tag.endswith("svg")


def test_kept_epoch_is_the_one_of_the_lowest_validation_loss():
    # val_loss is lowest at epoch 2, where train_loss is 2.
    alt = plots.curves(history(), "loss", name="m").alt
    assert alt == "Learning curve of loss; at the kept epoch 2: train 2.000, val 1.000."


def test_charts_of_trust_leave_out_what_is_not_there():
    raw = trust_plots.reliability(bins().query("probabilities == 'raw'"), name="m")
    assert "as predicted" in texts(raw)
    assert "calibrated" not in texts(raw)
    nowhere = {"target_risk": 0.1, "coverage": {"value": None}, "risk": {"value": None}}
    assert "at the threshold from validation" not in texts(trust_plots.risk(answered(), nowhere, name="m"))
    assert "at the threshold from validation" in texts(drawn()["risk"])


def test_empty_cells_of_a_confusion_matrix_are_not_drawn():
    assert sorted(text for text in texts(drawn()["matrix"]) if text.isdigit()) == ["1", "3", "5"]


def test_matrix_of_many_classes_shows_shades_without_numbers():
    size = plots.COUNTS_UP_TO + 1
    chart = plots.confusion_matrix(np.eye(size, dtype=int), [f"class {place}" for place in range(size)], name="m")
    assert "1" not in texts(chart)
    assert f"{size} of {size} test photos on the diagonal" in chart.alt


def test_bars_tell_what_becomes_of_small_classes():
    frame = classes(["a", "b", "c"]).assign(curated=[5, 2, 1], used=[7, 0, 0], verdict=["keep", "merge", "drop"])
    svg = plots.class_bars(frame).svg
    # Of 3 rows of a, 5 of its own are left and 2 of b's join: the bar shows what is learned.
    assert "3 → 7<" in svg
    assert "2 → 2 (merged)" in svg
    assert "1 → 1 (dropped)" in svg
