import json

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from lesionflow.evaluate import malignancy, predictions, subgroups
from lesionflow.evaluate.settings import EvaluateParams, SubgroupsParams

LABELS = ["x", "y"]
SETTINGS = EvaluateParams(confidence=0.9, bootstrap=50, top_k=1, specificity=0.5)
LIMITS = SubgroupsParams(age_bands=[50], min_photos=8, min_groups=4)
ALARM = malignancy.of([False, True])


def photos(right, groups=None):
    """Test photos of x and y in turn, of which those flagged are right."""
    class_id = np.arange(len(right)) % 2
    names = [f"{row:03}" for row in range(len(right))]
    frame = pd.DataFrame({"sha256": names, "group": groups or names, "split": "test", "class_id": class_id})
    frame["label"] = [LABELS[one] for one in class_id]
    return predictions.table(frame, np.eye(2)[np.where(right, class_id, 1 - class_id)], LABELS, model="m")


def measure(test, **parts):
    return subgroups.measure(test, pd.DataFrame(parts), LABELS, ALARM, SETTINGS, LIMITS, seed=1)


# Of eight women six are right, of eight men two; of three others none; of one it is not known.
RIGHT = [True] * 6 + [False] * 2 + [True] * 2 + [False] * 6 + [False] * 3 + [True]
SEX = ["female"] * 8 + ["male"] * 8 + ["other"] * 3 + [None]


def test_every_metric_of_every_subgroup_has_counts_and_an_interval():
    found = measure(photos(RIGHT), sex=SEX)
    accuracy = found[found["metric"] == "accuracy"].set_index("subgroup")
    assert accuracy["value"].to_dict() == {"female": 0.75, "male": 0.25, "not known": 1.0, "other": 0.0}
    assert accuracy["photos"].to_dict() == {"female": 8, "male": 8, "not known": 1, "other": 3}
    assert accuracy.loc["female", "low"] <= 0.75 <= accuracy.loc["female", "high"]
    assert set(found["metric"]) == {*predictions.metrics.names(1)}


def test_the_worst_is_named_and_small_subgroups_are_not_ranked():
    found = measure(photos(RIGHT), sex=SEX)
    assert found.groupby("subgroup")["small"].first().to_dict() == {
        "female": False, "male": False, "not known": True, "other": True,
    }  # fmt: skip
    worst = subgroups.worst(found)["sex"]
    # "other" has 0 of 3, and is not ranked.
    assert (worst["accuracy"]["subgroup"], worst["accuracy"]["value"], worst["accuracy"]["of"]) == ("male", 0.25, 2)


def test_of_losses_the_highest_is_the_worst():
    worst = subgroups.worst(measure(photos(RIGHT), sex=SEX))["sex"]
    # Certain mistakes cost 2 each: 2 * 6/8 of men, 2 * 2/8 of women.
    assert (worst["brier"]["subgroup"], worst["brier"]["value"]) == ("male", 1.5)


def test_photos_of_few_groups_are_a_small_subgroup():
    found = measure(photos(RIGHT[:16], ["p"] * 8 + [str(row) for row in range(8)]), sex=SEX[:16])
    assert found.groupby("subgroup")["small"].first().to_dict() == {"female": True, "male": False}
    assert subgroups.worst(found)["sex"]["accuracy"] is None


def test_an_undefined_metric_is_not_available_and_never_0():
    # All of one class: no MCC, no AUROC; the alarm's sensitivity has no threshold.
    test = photos([True] * 20).query("label == 'x'").reset_index(drop=True)
    found = measure(test, sex=["female"] * 10).set_index("metric")
    assert found.loc[["mcc", "macro_auroc", "malignant_auroc", "malignant_sensitivity"], "value"].isna().all()
    assert found.loc["accuracy", "value"] == 1


def test_a_trait_that_nobody_knows_has_no_rows():
    found = measure(photos(RIGHT), sex=SEX, skin_tone=[None] * 20)
    assert set(found["trait"]) == {"sex"}
    assert measure(photos(RIGHT), skin_tone=[None] * 20).empty


def test_summary_counts_subgroups_and_is_json():
    found = subgroups.summary(measure(photos(RIGHT), sex=SEX), {"sex": {"known": 19, "missing": 1}})
    json.dumps(found, allow_nan=False)
    assert found["counts"] == {"sex": {"subgroups": 4, "small": 2}}
    nothing = subgroups.summary(measure(photos(RIGHT), sex=[None] * 20), {})
    assert nothing == {"worst": {}, "counts": {}, "known": {}}


@pytest.mark.parametrize("bands", [[50, 30], [30, 30]])
def test_age_bands_ascend(bands):
    with pytest.raises(ValidationError, match="ascending order"):
        SubgroupsParams(age_bands=bands, min_photos=1, min_groups=2)
