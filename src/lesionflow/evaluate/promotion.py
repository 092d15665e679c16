"""Whether a candidate becomes champion: every rule must hold, on the same test photos, answered by both.

The gain is tested on resamples of leakage groups that both share (`intervals`); that each criterion must pass makes a
correction for their number needless. The candidate was chosen on validation, so it is the only one tested here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lesionflow import scaling
from lesionflow.evaluate import calibration, confusions, intervals, metrics, predictions
from lesionflow.evaluate.promotion_settings import PromoteParams
from lesionflow.evaluate.rematch import Ids, Pair, Reals, Sorted

CRITERIA = ("balanced_accuracy", "mcc")
AUDIT = "shortcut_audit_fails"


@dataclass(frozen=True)
class Rule:
    """One line of the decision table; `passed` is None where a rule could not be looked at and need not be."""

    rule: str
    wanted: str
    got: str
    passed: bool | None


@dataclass(frozen=True)
class Measuring:
    """How intervals and calibration errors are measured; `bins` as in `calibrate`."""

    count: int
    confidence: float
    seed: int
    bins: int


def differences(pair: Pair, how: Measuring) -> dict[str, dict[str, float | None]]:
    """Candidate minus champion in each criterion, with its paired interval; None where undefined."""
    drawn, classes = _drawn(pair.groups, how), pair.candidate.shape[1]
    sides = (pair.candidate, pair.champion)
    values = [metrics.measure(side, pair.class_id) for side in sides]
    samples = [
        None if drawn is None else confusions.measure(drawn.confusions(pair.class_id, metrics.predict(side), classes))
        for side in sides
    ]
    result = {}
    for name in CRITERIA:
        one, other = (value[name] for value in values)
        apart = None if samples[0] is None or samples[1] is None else samples[0][name] - samples[1][name]
        value = None if one is None or other is None else one - other
        result[name] = intervals.estimate(value, apart, confidence=how.confidence)
    return result


def by_class(pair: Pair, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Recall of both in each class that has photos: label, photos, candidate, champion, difference."""
    right = [metrics.predict(side) == pair.class_id for side in (pair.candidate, pair.champion)]
    rows = []
    for number, label in enumerate(labels):
        inside = pair.class_id == number
        if inside.any():
            one, other = (float(side[inside].mean()) for side in right)
            told = {"candidate": one, "champion": other, "difference": one - other}
            rows.append({"label": label, "photos": int(inside.sum()), **told})
    return rows


def calibration_error(probabilities: Reals, class_id: Ids, validation: tuple[Reals, Ids], how: Measuring) -> float:
    """Expected calibration error of the predicted class, at the temperature that the model's own validation gives."""
    scaled = scaling.apply_temperature(probabilities, scaling.fit_temperature(*validation))
    top = calibration.top_label(scaled, class_id, bins=how.bins)
    return calibration.error(top, None, confidence=how.confidence)["value"] or 0.0


def against_champion(
    pair: Pair,
    sorted_out: Sorted,
    labels: Sequence[str],
    errors: tuple[float, float],
    settings: PromoteParams,
    how: Measuring,
) -> tuple[list[Rule], dict[str, Any]]:
    """The rules of a candidate that meets a champion, and the figures that they judge.

    Parameters
    ----------
    errors : calibration errors of candidate and champion.
    """
    rules = [_photos(len(pair.groups), settings), *_same_test(sorted_out, settings)]
    if not pair.groups:
        return rules, {}
    found, classes = differences(pair, how), by_class(pair, labels)
    rules += [_gain(name, found[name], getattr(settings.min_gain, name)) for name in CRITERIA]
    rules += [_classes(classes, settings), _calibration(errors, settings)]
    said = {"candidate": errors[0], "champion": errors[1], "difference": errors[0] - errors[1]}
    return rules, predictions.rounded({"differences": found, "classes": classes, "calibration_error": said})


def of_first(report: Mapping[str, Any], classes: int, settings: PromoteParams) -> list[Rule]:
    """The rules where there is no champion yet: enough test photos, and better than guessing.

    Parameters
    ----------
    report : the candidate's metrics (`predictions.report`).
    """
    got, chance = report["test"]["balanced_accuracy"], 1 / classes
    low = got["low"]
    beats = Rule(
        "better than guessing", f"lower bound of balanced accuracy above {chance:.3f}", _interval(got),
        low is not None and low > chance,
    )  # fmt: skip
    return [_photos(report["test"]["photos"], settings), beats]


def audit(explained: Mapping[str, Any] | None, settings: PromoteParams) -> Rule:
    """The shortcut audit's verdict; where there is none, `require_audit` decides."""
    fails = (explained or {}).get(AUDIT)
    if fails is None:
        wanted = "a shortcut audit that does not fail" if settings.require_audit else "no failed audit"
        return Rule("shortcut audit", wanted, "not available", False if settings.require_audit else None)
    return Rule("shortcut audit", "an audit that does not fail", _verdict(explained or {}), not fails)


def _verdict(explained: Mapping[str, Any]) -> str:
    """Whether the audit fails, and what the verdict says of the checks that do (`fails`, each with `says`)."""
    verdict = explained.get("verdict")
    failed = verdict.get("fails", []) if isinstance(verdict, Mapping) else []
    return " ".join(["fails:", *(str(one["says"]) for one in failed)]) if explained[AUDIT] else "does not fail"


def decide(rules: Iterable[Rule]) -> tuple[str, list[str]]:
    """Say "champion" when no rule is broken, else "challenger" with the reasons."""
    reasons = [f"{rule.rule}: {rule.got}, wanted {rule.wanted}" for rule in rules if rule.passed is False]
    return ("challenger" if reasons else "champion"), reasons


def told(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """The decision table for JSON."""
    return [asdict(rule) for rule in rules]


def _drawn(groups: Sequence[str], how: Measuring) -> intervals.Resamples | None:
    """A single group says nothing about other groups."""
    return intervals.resample(groups, count=how.count, seed=how.seed) if len(set(groups)) > 1 else None


def _photos(count: int, settings: PromoteParams) -> Rule:
    wanted = f"{settings.min_photos} or more"
    return Rule("test photos", wanted, str(count), count >= settings.min_photos)


def _same_test(found: Sorted, settings: PromoteParams) -> list[Rule]:
    """A test set that changes until the candidate wins proves nothing."""
    limits = (
        ("photos gone from the champion's test", found.lost, settings.max_lost_share),
        ("photos of it under another label", found.relabelled, settings.max_relabelled_share),
    )
    return [
        Rule(name, f"at most {limit:.1%}", f"{count} of {found.before}", count <= limit * found.before)
        for name, count, limit in limits
    ]


def _gain(name: str, found: Mapping[str, float | None], least: float) -> Rule:
    low = found["low"]
    said = f"gain in {name.replace('_', ' ')}" if name != "mcc" else "gain in MCC"
    return Rule(said, f"lower bound above {least:+.3f}", _interval(found), low is not None and low > least)


def _classes(rows: Sequence[Mapping[str, Any]], settings: PromoteParams) -> Rule:
    wanted = f"none of {settings.min_class_photos} photos or more loses over {settings.class_margin:.3f}"
    ranked = [row for row in rows if row["photos"] >= settings.min_class_photos]
    if not ranked:
        return Rule("recall by class", wanted, "no class has so many", None)
    # Rounded, so that a loss just at the margin does not lie beyond it by the last binary digit.
    lost = [row for row in ranked if round(row["difference"], 9) < -settings.class_margin]
    shown = sorted(lost or ranked, key=lambda row: row["difference"])[: len(lost) or 1]
    got = ", ".join(f"{row['label']} {row['difference']:+.3f} ({row['photos']} photos)" for row in shown)
    return Rule("recall by class", wanted, got, not lost)


def _calibration(errors: tuple[float, float], settings: PromoteParams) -> Rule:
    rise = errors[0] - errors[1]
    wanted = f"at most {settings.max_calibration_rise:+.3f}"
    got = f"{rise:+.3f} ({errors[0]:.3f} after {errors[1]:.3f})"
    return Rule("rise of calibration error", wanted, got, bool(np.round(rise, 9) <= settings.max_calibration_rise))


def _interval(found: Mapping[str, float | None]) -> str:
    value, low, high = (found[name] for name in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return "not available"
    return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"
