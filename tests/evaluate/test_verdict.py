import pytest

from lesionflow.evaluate import verdict
from lesionflow.evaluate.verdict import VerdictParams

LIMITS = VerdictParams(
    head_likeness=0.8, blank_share=0.1, raised=0.05, carried=0.1, pulled=0.25, attention=0.25, accuracy_lost=0.25
)


def figure(value, half=0.05):
    return {"value": value, "low": value - half, "high": value + half}


GOOD = ("drop_beyond_random", "insertion_minus_deletion_beyond_random", "road")


def maps(**changes):
    faithful = {**dict.fromkeys(GOOD, figure(0.2)), "head_likeness": figure(0.3)}
    attention = [{"corruption": "pen", "beyond_area": figure(0.1)}]
    found = {"blank_share": 0.0, "faithfulness": faithful, "localisation": {"energy_beyond_centre": figure(0.1)}}
    return {**found, "attention": attention, **changes}


def row(corruption, severity=3, *, accuracy=0.2, pulled=0.0, raised=0.0, carried=0.0, lost=0.0):
    return {
        "corruption": corruption, "severity": severity, "majority": 0.3, "accuracy": figure(accuracy),
        "pulled": {"class": "naevus", **figure(pulled)}, "accuracy_lost": figure(lost),
        "raised": {"class": "naevus", **figure(raised)}, "carried": figure(carried),
    }  # fmt: skip


def audit(**changes):
    rows = {"none": row("none", 0), "border_only": row("border_only", 0), "watermark": row("watermark", 1)}
    return list({**rows, "blur": row("blur"), **changes}.values())


ORIGIN = {"chance": 0.5, "balanced_accuracy": figure(0.5), "by_class": figure(0.5)}


def judged(some=None, rows=None, origin=ORIGIN):
    return verdict.judge(maps() if some is None else some, rows or audit(), origin, [1, 3, 5], LIMITS)


def failing(found):
    return [one["check"] for one in found["verdict"]["fails"]]


def test_a_sound_model_fails_nothing():
    found = judged()
    assert failing(found) == []
    assert found["shortcut_audit_fails"] is False
    assert all(check["says"] == "" for check in found["verdict"]["checks"])


@pytest.mark.parametrize(
    ("figures", "check"),
    [
        ({"drop_beyond_random": figure(0.04)}, "maps: confidence drop"),  # -0.01 to 0.09: not shown
        ({"insertion_minus_deletion_beyond_random": figure(-0.1)}, "maps: deletion and insertion"),
        ({"road": figure(0.0)}, "maps: ROAD"),
        ({"head_likeness": figure(0.78)}, "maps: depend on the head"),  # up to 0.83
    ],
)
def test_maps_that_are_not_shown_to_be_faithful_fail(figures, check):
    found = judged(maps(faithfulness=maps()["faithfulness"] | figures))
    assert failing(found) == [check]
    assert found["shortcut_audit_fails"] is False


def test_maps_that_find_the_lesion_no_better_than_a_blob_fail():
    found = judged(maps(localisation={"energy_beyond_centre": figure(0.01)}))
    assert found["verdict"]["fails"] == [
        {
            "check": "maps: on the lesion",
            "says": "The maps are not shown to lie on the lesion more than a blob in the middle of the photo does.",
        }
    ]


def test_an_artefact_that_raises_the_class_whose_photos_carry_it_is_a_shortcut():
    found = judged(rows=audit(watermark=row("watermark", 1, pulled=0.5, raised=0.2, carried=0.7)))
    assert found["shortcut_audit_fails"] is True
    assert found["verdict"]["fails"] == [
        {
            "check": "shortcut: watermark",
            "says": "With a watermark drawn in, the probability of naevus rises by 20 points, and its training photos "
            "look as if they had a watermark more often than the others, by 70 points: the model seems to have learned "
            "a watermark for that class.",
        }
    ]


@pytest.mark.parametrize(
    ("severity", "raised", "carried"),
    [
        (1, 0.09, 0.7),  # 0.04 to 0.14 does not lie above 0.05
        (1, 0.2, 0.14),  # 0.09 to 0.19 does not lie above 0.1
        (3, 0.2, 0.7),  # not the lowest of 1, 3, 5
    ],
)
def test_within_the_noise_or_at_another_severity_it_is_none(severity, raised, carried):
    rows = audit(watermark=row("watermark", severity, raised=raised, carried=carried))
    found = judged(rows=rows)
    assert (failing(found), found["shortcut_audit_fails"]) == ([], False)


def test_an_artefact_that_sways_answers_without_having_been_there_in_training_is_no_shortcut():
    found = judged(rows=audit(watermark=row("watermark", 1, pulled=0.5, raised=0.2, carried=0.0)))
    assert failing(found) == ["robust: watermark"]
    assert found["shortcut_audit_fails"] is False
    assert found["verdict"]["fails"][0]["says"].startswith(
        "With a watermark drawn in, 50 % of the photos that had another answer are called naevus. It is not shown"
    )


def test_a_background_that_gives_the_class_away_is_a_shortcut():
    found = judged(rows=audit(border_only=row("border_only", 0, accuracy=0.4)))
    assert failing(found) == ["shortcut: border only"]
    assert found["shortcut_audit_fails"] is True


@pytest.mark.parametrize(("by_class", "fails"), [(0.6, ["shortcut: source"]), (0.52, [])])
def test_telling_sources_apart_is_a_shortcut_only_where_they_differ_in_classes(by_class, fails):
    origin = {"chance": 0.5, "balanced_accuracy": figure(0.9), "by_class": figure(by_class)}
    assert failing(judged(origin=origin)) == fails


def test_what_is_not_available_neither_holds_nor_fails():
    none = {"value": 0.9, "low": None, "high": None}
    faithful = dict.fromkeys((*GOOD, "head_likeness"), none)
    found = judged(
        maps(faithfulness=faithful, localisation=None, attention=[]),
        [row("none", 0), {**row("watermark", 1), "pulled": {"class": "naevus", **none}, "carried": None}],
        None,
    )
    assert failing(found) == []
    states = {check["check"]: check["holds"] for check in found["verdict"]["checks"]}
    assert "maps: on the lesion" not in states
    assert {states.pop("maps: not blank"), *states.values()} == {True, None}


def test_degradations_and_attention_fail_but_are_no_shortcuts():
    attention = [{"corruption": "pen", "beyond_area": figure(0.5)}]
    found = judged(maps(attention=attention), audit(blur=row("blur", lost=0.4)))
    assert failing(found) == ["maps: stay off pen marking", "robust: blur"]
    assert found["shortcut_audit_fails"] is False


def test_a_classifier_without_maps_is_judged_by_its_answers():
    found = verdict.judge(None, audit(watermark=row("watermark", raised=0.3, carried=0.9)), None, [3], LIMITS)
    assert failing(found) == ["shortcut: watermark"]
    assert not [check for check in found["verdict"]["checks"] if check["check"].startswith("maps")]
