import json

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from lesionflow.evaluate import promotion
from lesionflow.evaluate.promotion import Measuring, Rule
from lesionflow.evaluate.promotion_settings import PromoteParams
from lesionflow.evaluate.rematch import Pair, Sorted

SETTINGS = PromoteParams(
    registered_model="lesionflow", min_gain={"balanced_accuracy": 0.0, "mcc": 0.0}, min_photos=100, max_lost_share=0.05,
    max_relabelled_share=0.05, min_class_photos=30, class_margin=0.05, max_calibration_rise=0.02, require_audit=False,
)  # fmt: skip
HOW = Measuring(count=400, confidence=0.95, seed=1, bins=10)
LABELS = ["x", "y"]
PHOTOS = 200


def answers(right):
    """Of photos that are x and y in turn, sure answers of which those flagged are right."""
    class_id = np.arange(len(right)) % 2
    return np.eye(2)[np.where(right, class_id, 1 - class_id)]


def rights(share, photos=PHOTOS):
    """So large a share of the photos of each class, spread evenly."""
    return (np.arange(photos) // 2) % 100 < 100 * share


def pair(candidate, champion, groups=None):
    class_id = np.arange(len(candidate)) % 2
    names = [f"g{number}" for number in range(len(candidate))] if groups is None else groups
    return Pair(answers(candidate), answers(champion), class_id, tuple(names))


def same_test(**changes):
    whole = {"unanswered": (), "learned": 0, "lost": 0, "relabelled": 0, "before": PHOTOS} | changes
    return Sorted(rows=pd.DataFrame(), **whole)


def judge(given, *, errors=(0.1, 0.1), settings=SETTINGS, **changes):
    rules, figures = promotion.against_champion(given, same_test(**changes), LABELS, errors, settings, HOW)
    return {rule.rule: rule for rule in rules}, figures


def broken(*args, **kwargs):
    return {name for name, rule in judge(*args, **kwargs)[0].items() if rule.passed is False}


BETTER = pair(rights(0.8), rights(0.6))


def test_a_clear_gain_on_the_same_photos_wins():
    rules, figures = judge(BETTER)
    assert promotion.decide(rules.values()) == ("champion", [])
    gain = figures["differences"]["balanced_accuracy"]
    assert gain["value"] == pytest.approx(0.2)
    assert 0 < gain["low"] < 0.2 < gain["high"]
    json.dumps({"rules": promotion.told(rules.values()), **figures}, allow_nan=False)


@pytest.mark.parametrize("share", [0.6, 0.61, 0.5])
def test_equal_hardly_better_and_worse_stay_challenger(share):
    assert {"gain in balanced accuracy", "gain in MCC"} <= broken(pair(rights(share), rights(0.6)))


def test_a_stated_loss_may_be_allowed():
    allowed = SETTINGS.model_copy(
        update={"min_gain": SETTINGS.min_gain.model_copy(update={"balanced_accuracy": -0.01})}
    )
    # The same answers: no difference in any resample, and 0 lies above -0.01 but not above 0.
    assert broken(pair(rights(0.6), rights(0.6)), settings=allowed) == {"gain in MCC"}


def test_photos_of_one_group_prove_no_gain():
    found = judge(pair(rights(0.8), rights(0.6), groups=["g"] * PHOTOS))[0]["gain in MCC"]
    assert (found.passed, found.got) == (False, "not available")


def test_a_class_that_loses_stops_a_candidate_that_gains_on_the_whole():
    # y is always right instead of half; x falls from 60 to 54 of 100: 0.06 lost where 0.05 may be.
    candidate, champion = rights(0.54), rights(0.6)
    candidate[1::2], champion[1::2] = True, rights(0.5)[1::2]
    rules, _ = judge(pair(candidate, champion))
    assert {name for name, rule in rules.items() if rule.passed is False} == {"recall by class"}
    assert rules["recall by class"].got == "x -0.060 (100 photos)"
    candidate[0::2] = rights(0.55)[0::2]
    assert broken(pair(candidate, champion)) == set()  # 0.05 lost is just allowed


def test_a_class_of_few_photos_is_not_looked_at_alone():
    many = SETTINGS.model_copy(update={"min_class_photos": 101})
    rules, _ = judge(BETTER, settings=many)
    assert rules["recall by class"] == Rule(
        "recall by class", "none of 101 photos or more loses over 0.050", "no class has so many", None
    )


@pytest.mark.parametrize(
    ("errors", "expected"), [((0.12, 0.10), set()), ((0.121, 0.10), {"rise of calibration error"})]
)
def test_calibration_may_not_get_worse_than_stated(errors, expected):
    assert broken(BETTER, errors=errors) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"lost": 10}, set()),  # 5 % of 200
        ({"lost": 11}, {"photos gone from the champion's test"}),
        ({"relabelled": 11}, {"photos of it under another label"}),
    ],
)
def test_another_test_than_the_champion_passed_proves_nothing(changes, expected):
    assert broken(BETTER, **changes) == expected


def test_too_few_photos_and_none_at_all():
    assert "test photos" in broken(pair(rights(0.8, 98), rights(0.2, 98)))
    rules, figures = judge(pair(np.zeros(0, bool), np.zeros(0, bool)))
    assert promotion.decide(rules.values())[0] == "challenger"
    assert figures == {}


@pytest.mark.parametrize(
    ("explained", "required", "passed"),
    [
        ({"shortcut_audit_fails": False}, True, True),
        ({"shortcut_audit_fails": True, "verdict": {"fails": [{"says": "Rulers matter."}]}}, False, False),
        ({}, False, None),
        (None, False, None),
        (None, True, False),
    ],
)
def test_a_failed_audit_always_refuses_and_a_missing_one_as_params_say(explained, required, passed):
    settings = SETTINGS.model_copy(update={"require_audit": required})
    rule = promotion.audit(explained, settings)
    assert rule.passed is passed
    assert (rule.got == "fails: Rulers matter.") is bool((explained or {}).get("shortcut_audit_fails"))


@pytest.mark.parametrize(("low", "photos", "expected"), [(0.51, 100, True), (0.5, 100, False), (None, 100, False)])
def test_a_first_champion_must_beat_guessing(low, photos, expected):
    report = {"test": {"photos": photos, "balanced_accuracy": {"value": 0.7, "low": low, "high": 0.9}}}
    few, beats = promotion.of_first(report, 2, SETTINGS)
    assert (few.passed, beats.passed) == (True, expected)


def test_reasons_name_each_broken_rule_with_what_was_got():
    rules = [Rule("a", "1", "2", False), Rule("b", "1", "1", True), Rule("c", "1", "?", None)]
    assert promotion.decide(rules) == ("challenger", ["a: 2, wanted 1"])


def test_calibration_error_is_measured_at_the_temperature_of_validation():
    # 0.9 is said and 3 of 4 come true, in validation and in test: the temperature that fits makes it 0.75, error 0.
    probabilities, truth = np.array([[0.9, 0.1]] * 4), np.array([0, 0, 0, 1])
    assert promotion.calibration_error(probabilities, truth, (probabilities, truth), HOW) == pytest.approx(0, abs=1e-4)
    empty = (np.empty((0, 2)), np.empty(0, dtype=np.int64))
    assert promotion.calibration_error(probabilities, truth, empty, HOW) == pytest.approx(0.15)


@pytest.mark.parametrize("change", [{"class_margin": -0.1}, {"min_gain": {"mcc": 0}}, {"surprise": 1}])
def test_senseless_settings_are_refused(change):
    with pytest.raises(ValidationError):
        PromoteParams.model_validate(SETTINGS.model_dump() | change)
