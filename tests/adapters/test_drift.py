import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.adapters import drift, gate
from lesionflow.adapters.settings import DriftParams
from lesionflow.errors import LesionflowError
from lesionflow.files import read_json

SUITES = Path(__file__).parents[2] / "expectations"
SETTINGS = DriftParams(max_label=0.15, max_quality=0.2)


def profile(labels, sharpness):
    names = [f"{number:03}" for number in range(len(labels))]
    curated = pd.DataFrame({"sha256": names, "label": labels, "verdict": "keep"})
    dropped = pd.DataFrame({"sha256": ["gone"], "label": ["x"], "verdict": ["drop"]})
    seen = pd.DataFrame({"sha256": [*names, "gone"], **dict.fromkeys(drift.QUALITY, 0.5)})
    seen["sharpness"] = [*sharpness, 1e9]
    return drift.profile(pd.concat([curated, dropped]), seen)


BEFORE = profile(["x"] * 50 + ["y"] * 50, np.arange(100))


def test_a_profile_holds_shares_and_percentiles_of_kept_photos_and_is_json():
    assert (BEFORE["photos"], BEFORE["labels"]) == (100, {"x": 0.5, "y": 0.5})
    assert BEFORE["quality"]["sharpness"][0::50] == [0.0, 49.5, 99.0]
    assert json.loads(json.dumps(BEFORE)) == BEFORE


def test_the_same_data_has_not_moved():
    found = drift.distances(BEFORE, BEFORE)
    assert list(found["measure"]) == ["label", *drift.QUALITY]
    assert found["label_drift"].dropna().tolist() == [0.0]
    assert found["quality_drift"].dropna().tolist() == [0.0] * len(drift.QUALITY)


def test_labels_that_moved_are_counted_as_photos_that_need_another_one():
    # x 0.5 -> 0.2, y 0.5 -> 0.3, z 0 -> 0.5: half of the photos.
    now = profile(["x"] * 20 + ["y"] * 30 + ["z"] * 50, np.arange(100))
    assert drift.distances(BEFORE, now)["label_drift"][0] == 0.5


def test_quality_that_moved_is_the_largest_gap_of_the_distributions():
    # All are below 50 now where half were.
    found = drift.distances(BEFORE, profile(["x"] * 50 + ["y"] * 50, np.arange(100) / 2)).set_index("measure")
    assert found.loc["sharpness", "quality_drift"] == pytest.approx(0.5, abs=0.02)
    assert found.loc["brightness", "quality_drift"] == 0.0


def held(now, accepted=BEFORE):
    moved = drift.distances(accepted, now)
    suite = gate.read_suite(SUITES / "drift.json")
    return gate.hold_frame(moved, suite, SETTINGS.model_dump(), key=["measure"])


def test_the_gate_names_the_measure_its_drift_and_what_to_do():
    now = profile(["x"] * 20 + ["y"] * 30 + ["z"] * 50, np.arange(100) / 2)
    with pytest.raises(LesionflowError) as raised:
        gate.refuse_failures("drift", held(now), made_by="curate", remedy="Run `lesionflow accept-data`.")
    message = str(raised.value)
    assert "table drift breaks 2 of 4 expectations" in message
    assert 'measure="label" label_drift=0.5' in message
    assert 'measure="sharpness" quality_drift=' in message
    assert "to do:    Run `lesionflow accept-data`." in message


@pytest.mark.parametrize("accepted", [BEFORE, drift.NOTHING, read_json(SUITES / "accepted.json")])
def test_the_same_data_and_data_before_any_was_accepted_pass(accepted):
    assert all(result.success for result in held(BEFORE, accepted))


@settings(deadline=None)
@given(st.lists(st.sampled_from("xyz"), min_size=1), st.lists(st.sampled_from("xyz"), min_size=1))
def test_drift_lies_between_0_and_1_and_is_the_same_both_ways(first, second):
    one, other = (profile(labels, range(len(labels))) for labels in (first, second))
    there, back = (
        drift.distances(*pair)[["label_drift", "quality_drift"]].to_numpy() for pair in ((one, other), (other, one))
    )
    assert np.nanmin(there) >= 0
    assert np.nanmax(there) <= 1
    assert there == pytest.approx(back, nan_ok=True)
