import numpy as np
import pandas as pd
import pytest

from lesionflow.evaluate import map_figures
from lesionflow.evaluate.settings import EvaluateParams

SETTINGS = EvaluateParams(confidence=0.95, bootstrap=200, top_k=3, specificity=0.9)
NO_ARTEFACTS = pd.DataFrame(columns=["sha256", "group", "corruption", "area", "energy"])


def scores(count=6, *, lesions=True, **changes):
    """Grad-CAM loses 0.5 of confidence, a random map 0.1; half of the map is on the lesion, a quarter of a blob."""
    given = {
        "gradcam": {"drop": 0.5, "deletion": 0.2, "insertion": 0.8, "road": 0.3, "head_likeness": 0.1, "energy": 0.5},
        "random": {"drop": 0.1, "deletion": 0.5, "insertion": 0.5, "energy": 0.2},
        "centre": {"drop": 0.2, "deletion": 0.4, "insertion": 0.6, "energy": 0.25},
    }
    rows = []
    for method, values in given.items():
        for place in range(count):
            row = dict.fromkeys((*map_figures.FAITHFULNESS, *map_figures.LOCALISATION), np.nan)
            row |= {"sha256": f"p{place}", "group": f"g{place}", "method": method, "blank": False, **values}
            row |= {"lesion": 0.1, "pointing": 1.0, "iou": 0.4} if lesions else {"lesion": np.nan, "energy": np.nan}
            rows.append(row | changes.get(method, {}))
    return pd.DataFrame(rows)


def test_figures_are_paired_differences_by_hand():
    found = map_figures.measure(scores(), NO_ARTEFACTS, "gradcam", SETTINGS, seed=1)
    faithful = found["faithfulness"]
    assert (found["photos"], found["groups"], found["blank_share"]) == (6, 6, 0)
    assert faithful["drop_beyond_random"] == {"value": 0.4, "low": 0.4, "high": 0.4}
    # 0.8 - 0.2 = 0.6 against 0.5 - 0.5 = 0.
    assert faithful["insertion_minus_deletion_beyond_random"]["value"] == pytest.approx(0.6)
    assert found["localisation"]["energy_beyond_centre"]["value"] == pytest.approx(0.25)
    assert found["localisation"]["lesion_share"] == pytest.approx(0.1)
    assert [row["method"] for row in found["methods"]] == ["centre", "gradcam", "random"]
    assert found["attention"] == []


def test_without_masks_localisation_is_not_available():
    found = map_figures.measure(scores(lesions=False), NO_ARTEFACTS, "gradcam", SETTINGS, seed=1)
    assert found["localisation"] is None
    assert found["methods"][1]["energy"] == {"value": None, "low": None, "high": None}


def test_blank_maps_are_left_out_of_the_means():
    table = scores()
    first = (table["sha256"] == "p0") & (table["method"] == "gradcam")
    table.loc[first, "blank"] = True
    table.loc[first, list(map_figures.FAITHFULNESS)] = np.nan
    found = map_figures.measure(table, NO_ARTEFACTS, "gradcam", SETTINGS, seed=1)
    assert found["blank_share"] == pytest.approx(1 / 6, abs=1e-6)
    assert found["faithfulness"]["drop"]["value"] == 0.5


def test_attention_is_the_share_on_the_artefact_beyond_its_area():
    drawn = pd.DataFrame(
        {"sha256": ["a", "b"], "group": ["a", "b"], "corruption": "pen", "area": [0.1, 0.1], "energy": [0.3, 0.5]}
    )
    (row,) = map_figures.attention(drawn, SETTINGS, seed=1)
    assert (row["corruption"], row["photos"], row["area"]) == ("pen", 2, pytest.approx(0.1))
    assert row["energy"]["value"] == pytest.approx(0.4)
    assert row["beyond_area"]["value"] == pytest.approx(0.3)


def test_a_single_group_has_no_interval():
    found = map_figures.mean([0.1, 0.3], ["p", "p"], SETTINGS, seed=1)
    assert found == {"value": pytest.approx(0.2), "low": None, "high": None}
