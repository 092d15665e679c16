import json

import numpy as np
import pandas as pd
import pytest

from lesionflow.evaluate import predictions, trust
from lesionflow.evaluate.settings import CalibrateParams

LABELS = ["x", "y"]
SETTINGS = CalibrateParams(bins=10, coverage=0.9, target_risk=0.2)
ASKED = {"count": 100, "confidence": 0.95, "seed": 1}


def table(parts=("val", "test"), photos=300):
    """Each part says 0.9 of the right class of 7 in 10 photos and of the wrong one of the others: far too sure."""
    right = np.arange(photos) % 10 < 7
    class_id = np.arange(photos) // 10 % 2
    said = np.where((class_id == 1) == right, 0.9, 0.1)
    frames = []
    for part in parts:
        names = [f"{part}{row:04}" for row in range(photos)]
        frame = pd.DataFrame({"sha256": names, "group": names, "split": part, "class_id": class_id})
        frames.append(frame.assign(label=[LABELS[one] for one in class_id]))
    probabilities = np.tile(np.stack([1 - said, said], axis=1), (len(parts), 1))
    return predictions.table(pd.concat(frames, ignore_index=True), probabilities, LABELS, model="m")


def judged(frame, skin_type=None):
    skin = pd.Series(dtype="Int64") if skin_type is None else skin_type
    return trust.judge(frame, LABELS, skin, SETTINGS, **ASKED)


def test_what_is_too_sure_is_cooled_to_what_comes_true():
    found = judged(table()).figures
    # Logit ln 9 at temperature T is to be ln(7 / 3).
    assert found["temperature"] == pytest.approx(np.log(9) / np.log(7 / 3), rel=1e-3)
    assert found["raw"]["ece"]["value"] == pytest.approx(0.2, abs=1e-4)
    assert found["calibrated"]["ece"]["value"] == pytest.approx(0, abs=1e-3)
    assert found["calibrated"]["log_loss"]["high"] < found["raw"]["log_loss"]["value"]
    # All are equally sure, and 3 in 10 wrong: no threshold keeps to 2 in 10.
    assert found["abstention"]["threshold"] is None
    assert found["abstention"]["aurc"]["value"] == pytest.approx(0.3)


def test_coverage_is_told_by_label_and_known_skin_type():
    frame = table()
    skin = pd.Series(1, index=frame["sha256"][frame["split"] == "test"][:10], dtype="Int64")
    rows = judged(frame, skin).coverage
    assert list(zip(rows["sets"], rows["slice"], rows["part"], rows["photos"], strict=True)) == [
        (sets, *rest)
        for sets in ("marginal", "by_class")
        for rest in (("all", "all", 300), ("label", "x", 150), ("label", "y", 150), ("skin_type", "1", 10))
    ]
    # 9 in 10 cannot be held by one label, right of 7 in 10.
    assert (rows["coverage"] == 1).all()


def test_without_validation_photos_raw_probabilities_are_all_there_is():
    found = judged(table(parts=("test",)))
    assert found.figures["temperature"] is None
    assert "calibrated" not in found.figures
    assert set(found.reliability["probabilities"]) == {"raw"}
    assert found.figures["sets"]["marginal"]["mean_size"] == 2
    assert found.figures["abstention"]["threshold"] is None


def test_figures_can_be_written_as_json_and_one_group_has_no_intervals():
    found = judged(table().assign(group="one")).figures
    json.dumps(found, allow_nan=False)
    assert found["raw"]["ece"]["low"] is None
