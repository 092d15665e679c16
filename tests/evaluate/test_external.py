import json

import numpy as np
import pandas as pd
import pytest

from lesionflow.evaluate import external, predictions
from lesionflow.evaluate.external import Answers, Settings
from lesionflow.evaluate.settings import CalibrateParams, EvaluateParams, SubgroupsParams

LABELS = ["x", "y", "z"]
SETTINGS = Settings(
    EvaluateParams(confidence=0.95, bootstrap=300, top_k=2, specificity=0.9),
    CalibrateParams(bins=10, coverage=0.9, target_risk=0.2),
    SubgroupsParams(age_bands=(50,), min_photos=10, min_groups=10),
    seed=3,
)


def table(part, class_id, predicted, *, sure=0.8, groups=None):
    """Photos of these classes, each predicted so surely, and the rest shared out evenly."""
    names = [f"{part}{row:04}" for row in range(len(class_id))]
    frame = pd.DataFrame({"sha256": names, "group": names if groups is None else groups, "split": part})
    frame["class_id"] = class_id
    frame["label"] = [LABELS[one] for one in class_id]
    rest = (1 - sure) / (len(LABELS) - 1)
    probabilities = np.full((len(class_id), len(LABELS)), rest)
    probabilities[np.arange(len(class_id)), predicted] = sure
    return predictions.table(frame, probabilities, LABELS, model="m")


def answers(test, elsewhere, *, matched=None, val=None):
    every = np.arange(30) % 3
    val = table("val", every, every) if val is None else val
    plain = predictions.arrays(elsewhere, LABELS)[0]
    own = pd.concat([test, val], ignore_index=True)
    return Answers("m", own, elsewhere, plain if matched is None else matched, np.full(3, 1 / 3), tau=0.0)


def judged(given, **traits):
    parts = pd.DataFrame({"sex": [None] * len(given.external)} | traits, dtype=object)
    figures, by_subgroup = external.judge(given, LABELS, {"z"}, pd.Series(dtype="Int64"), parts, SETTINGS)
    json.dumps(figures, allow_nan=False)
    return figures, by_subgroup


def xy(photos, wrong):
    """Photos of x and y in turn; those at the places `wrong` of ten are predicted as the other."""
    class_id = np.arange(photos) % 2
    predicted = np.where(np.isin(np.arange(photos) // 2 % 10, wrong), 1 - class_id, class_id)
    return class_id, predicted


def test_drop_is_external_minus_own_with_the_interval_of_independent_samples():
    figures, _ = judged(answers(table("test", *xy(200, [0])), table("external", *xy(200, [0, 1, 2, 3]))))
    assert figures["internal"]["accuracy"]["value"] == pytest.approx(0.9)
    assert figures["external"]["accuracy"]["value"] == pytest.approx(0.6)
    drop = figures["drop"]["accuracy"]
    assert drop["value"] == pytest.approx(-0.3)
    # Standard error: sqrt(0.9 * 0.1 / 200 + 0.6 * 0.4 / 200) = 0.041, times 1.96 is 0.080.
    assert drop["low"] == pytest.approx(-0.38, abs=0.02)
    assert drop["high"] == pytest.approx(-0.22, abs=0.02)


def test_equal_tables_differ_by_nothing_but_not_for_certain():
    # Had the sides shared their resamples, the interval would be [0, 0].
    drop = judged(answers(table("test", *xy(100, [0])), table("external", *xy(100, [0]))))[0]["drop"]["accuracy"]
    assert drop["value"] == 0
    assert drop["low"] < -0.02 < 0.02 < drop["high"]


def test_a_class_that_is_absent_elsewhere_stays_a_wrong_answer_and_leaves_the_own_figures():
    # Own test: x and y right, z all wrong. Elsewhere there is no z, but half of the photos are called z.
    own_class = np.array([0, 1, 2] * 20)
    test = table("test", own_class, np.where(own_class == 2, 0, own_class))
    class_id = np.arange(40) % 2
    figures, _ = judged(answers(test, table("external", class_id, np.where(np.arange(40) < 20, 2, class_id))))
    assert figures["internal"]["classes"] == 2
    assert figures["internal"]["photos"] == 40
    assert figures["internal"]["balanced_accuracy"]["value"] == 1
    assert figures["external"]["balanced_accuracy"]["value"] == pytest.approx(0.5)
    assert figures["drop"]["balanced_accuracy"]["value"] == pytest.approx(-0.5)


def test_drop_is_of_shared_classes_though_the_figures_here_are_of_all():
    # Elsewhere x is right and z, of which own test has none, is all wrong.
    test = table("test", np.array([0, 1] * 10), np.array([0, 1] * 10))
    given = answers(test, table("external", np.array([0, 2] * 10), np.zeros(20, dtype=int)))
    assert external.shared_classes(given) == {"x"}
    figures, _ = judged(given)
    assert figures["external"]["accuracy"]["value"] == 0.5
    assert figures["drop"]["accuracy"]["value"] == 0  # 1 of x here, 1 of x there
    assert figures["drop"]["mcc"] == {"value": None, "low": None, "high": None}  # undefined of one class


def test_sources_without_a_common_class_have_no_drop():
    given = answers(
        table("test", np.zeros(6, int), np.zeros(6, int)), table("external", np.ones(6, int), np.ones(6, int))
    )
    figures, _ = judged(given)
    assert figures["internal"]["photos"] == 0
    assert figures["drop"]["accuracy"] == {"value": None, "low": None, "high": None}
    assert figures["external"]["accuracy"]["value"] == 1


def test_what_changes_nothing_recovers_exactly_nothing():
    found = judged(answers(table("test", *xy(40, [0])), table("external", *xy(40, [0, 1]))))[0]["recovered"]
    assert tuple(found) == external.METHODS
    assert found["statistics"]["gain"]["accuracy"] == {"value": 0, "low": 0, "high": 0}
    assert found["statistics"]["shares"] is None


def test_prior_shift_correction_recovers_what_a_shift_of_shares_cost():
    # Elsewhere 9 in 10 photos are of y. Of either class a third look undecided, and are called x by a hair.
    class_id = (np.arange(300) % 10 > 0).astype(int)
    undecided = np.arange(300) % 3 == 0
    said = np.where(undecided[:, None], [0.5, 0.49, 0.01], np.eye(3)[class_id] * 0.97 + 0.01)
    elsewhere = table("external", class_id, class_id).assign(probabilities=list(said))
    every = np.arange(90) % 3
    given = answers(table("test", *xy(40, [0])), elsewhere, val=table("val", every, every, sure=0.97))
    found = judged(given)[0]["recovered"]["prior"]
    assert found["shares"]["y"] > 0.8
    assert found["gain"]["accuracy"]["low"] > 0
    # All undecided ones are now called y: those of y, which were wrong, are right, and those of x the other way round.
    wrong_before = (undecided & (class_id == 1)).sum()
    wrong_after = (undecided & (class_id == 0)).sum()
    assert found["gain"]["accuracy"]["value"] == pytest.approx((wrong_before - wrong_after) / 300, abs=1e-6)


def test_trust_is_measured_at_thresholds_of_the_own_validation_photos():
    # Validation is always right at 0.8; elsewhere half is wrong, as surely: all is answered, half of it wrong.
    trust = judged(answers(table("test", *xy(40, [0])), table("external", *xy(40, range(5)))))[0]["trust"]
    assert trust["abstention"]["coverage"]["value"] == 1
    assert trust["abstention"]["risk"]["value"] == pytest.approx(0.5)
    # Temperature makes the always right validation as sure as it goes, so that elsewhere it is half wrong at 1.
    assert trust["calibrated"]["ece"]["value"] == pytest.approx(0.5, abs=1e-3)


def test_subgroups_are_of_the_photos_from_elsewhere_and_what_nobody_knows_has_none():
    given = answers(table("test", *xy(40, [])), table("external", *xy(40, range(5))))
    sex = np.where(np.arange(40) // 2 % 10 < 5, "female", "male")
    figures, by_subgroup = judged(given, sex=sex)
    rows = by_subgroup[by_subgroup["metric"] == "accuracy"].set_index("subgroup")
    assert rows["value"].to_dict() == {"female": 0, "male": 1}
    assert figures["worst"]["sex"]["accuracy"]["subgroup"] == "female"
    assert judged(given)[0]["worst"] == {}


def test_one_group_says_nothing_of_others():
    elsewhere = table("external", *xy(20, [0]), groups="one")
    figures, _ = judged(answers(table("test", *xy(20, [0])), elsewhere))
    assert figures["external"]["accuracy"]["low"] is None
    assert figures["drop"]["accuracy"]["value"] is not None
    assert figures["drop"]["accuracy"]["low"] is None
    assert figures["recovered"]["prior"]["gain"]["accuracy"]["low"] is None


def test_photos_beyond_the_limit_are_counted_on_either_side():
    split = pd.DataFrame({"split": ["train", "test", "test", "external", "external", "external"]})
    split["group"] = list("abcdef")
    far = pd.DataFrame({"unusual": [True, False, True, True, True, False], "distance": [9, 0.1, 0.3, 0.2, 0.4, 0.9]})
    found = external.unusual(split, far, SETTINGS)
    assert (found["test"]["photos"], found["external"]["photos"]) == (2, 3)
    assert found["test"]["unusual"]["value"] == 0.5
    assert found["external"]["unusual"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["external"]["median_distance"] == 0.4
    none = external.unusual(split[:1], far[:1], SETTINGS)["external"]
    assert none == {"photos": 0, "unusual": {"value": None, "low": None, "high": None}, "median_distance": None}
