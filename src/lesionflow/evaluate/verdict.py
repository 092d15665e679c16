"""One verdict of explanation and audit: checks with their figures, and a plain sentence for each that fails.

The burden of proof differs. Maps must show that they are faithful and find the lesion: a check of maps fails unless
its whole interval is on the good side. A shortcut must be shown: a check of the audit fails only when its whole
interval is on the bad side. What could not be measured neither holds nor fails.

An artefact is a shortcut when it raises the probability of a class whose training photos look as if they carried it.
One that sways the answers alone is no shortcut: a model that has never met pen marks often gives way to one class, too.
Both are judged at the lowest severity, where what was learned already works.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from lesionflow.params import Section

ARTEFACTS = ("ruler", "watermark", "pen", "hair", "gel", "border", "vignette")
"""Corruptions that add something; the others degrade the photo."""
TITLES = {"pen": "pen marking", "gel": "gel bubbles"}
PHRASES = {"ruler": "a ruler", "watermark": "a watermark", "border": "a border", "vignette": "a vignette"}
Check = dict[str, Any]


class VerdictParams(Section):
    """Limits of the checks (see params.yaml)."""

    head_likeness: float = Field(ge=-1, le=1)
    blank_share: float = Field(ge=0, le=1)
    raised: float = Field(ge=0, le=1)
    carried: float = Field(ge=0, le=1)
    pulled: float = Field(ge=0, le=1)
    attention: float = Field(ge=0, le=1)
    accuracy_lost: float = Field(ge=0, le=1)


def judge(
    maps: Mapping[str, Any] | None,
    audit: Sequence[Mapping[str, Any]],
    origin: Mapping[str, Any] | None,
    severities: Sequence[int],
    limits: VerdictParams,
) -> dict[str, Any]:
    """`verdict` (all checks, and those that fail with their sentence) and `shortcut_audit_fails`.

    Parameters
    ----------
    maps : from `map_figures.measure`; None for a classifier without maps of its own.
    audit, origin : from `audit.curves` and `origin.measure`.
    severities : of the corruptions. Pulls are judged at the lowest, robustness at the middle one (of an even number the
        milder).
    """
    middle = sorted(severities)[(len(severities) - 1) // 2]
    shortcuts = [*_learned(audit, min(severities), limits), *_parts(audit), _origin(origin)]
    checks = [*(_of_maps(maps, limits) if maps else []), *shortcuts, *_degradations(audit, middle, limits)]
    fails = [{"check": one["check"], "says": one["says"]} for one in checks if one["holds"] is False]
    return {
        "verdict": {"fails": fails, "checks": checks},
        "shortcut_audit_fails": any(one["holds"] is False for one in shortcuts if one["check"].startswith("shortcut")),
    }


def _check(name: str, figure: Mapping[str, Any] | None, against: float, *, holds: bool | None, says: str) -> Check:
    ends = {key: None if figure is None else figure[key] for key in ("value", "low", "high")}
    return {"check": name, "holds": holds, **ends, "against": against, "says": says if holds is False else ""}


def _shown(name: str, figure: Mapping[str, Any], says: str) -> Check:
    """Holds when the interval lies above 0; without an interval nothing is shown."""
    holds = None if figure["low"] is None else figure["low"] > 0
    return _check(name, figure, 0.0, holds=holds, says=says)


def _not_above(name: str, figure: Mapping[str, Any] | None, limit: float, says: str) -> Check:
    """Fails when the interval lies above the limit."""
    holds = None if figure is None or figure["low"] is None else not figure["low"] > limit
    return _check(name, figure, limit, holds=holds, says=says)


def _of_maps(maps: Mapping[str, Any], limits: VerdictParams) -> list[Check]:
    faithful, found = maps["faithfulness"], maps["localisation"]
    blank = {"value": maps["blank_share"], "low": None, "high": None}
    like = faithful["head_likeness"]
    told = like["high"] is not None
    checks = [
        _check("maps: not blank", blank, limits.blank_share, holds=maps["blank_share"] <= limits.blank_share,
               says="Too many maps are blank: for these photos nothing is explained."),
        _shown("maps: confidence drop", faithful["drop_beyond_random"],
               "Blurring what the maps mark is not shown to cost more confidence than blurring at random: they may not "
               "show what the model uses."),
        _shown("maps: deletion and insertion", faithful["insertion_minus_deletion_beyond_random"],
               "The order in which the maps rank places is not shown to mean more than a random order."),
        _shown("maps: ROAD", faithful["road"],
               "Filling in the most relevant places is not shown to cost more confidence than filling in the least "
               "relevant ones."),
        _check("maps: depend on the head", like, limits.head_likeness,
               holds=None if not told else like["high"] < limits.head_likeness,
               says="Maps of a head with random weights look much the same: they may show the photo, not the model."),
    ]  # fmt: skip
    if found:
        says = "The maps are not shown to lie on the lesion more than a blob in the middle of the photo does."
        checks.append(_shown("maps: on the lesion", found["energy_beyond_centre"], says))
    for row in maps["attention"]:
        name, drawn = _title(row["corruption"]), _phrase(row["corruption"])
        says = f"With {drawn} drawn in, the maps turn to it far beyond the area that it covers."
        checks.append(_not_above(f"maps: stay off {name}", row["beyond_area"], limits.attention, says))
    return checks


def _title(corruption: str) -> str:
    return TITLES.get(corruption, corruption.replace("_", " "))


def _phrase(corruption: str) -> str:
    return PHRASES.get(corruption, _title(corruption))


def _at(audit: Sequence[Mapping[str, Any]], severity: int) -> list[Mapping[str, Any]]:
    return [row for row in audit if row["severity"] == severity]


def _learned(audit: Sequence[Mapping[str, Any]], lowest: int, limits: VerdictParams) -> list[Check]:
    """Shortcuts by artefact; and of the artefacts that are none, whether they sway the answers all the same."""
    checks = []
    for row in _at(audit, lowest):
        if row["corruption"] in ARTEFACTS:
            learned = _shortcut(row, limits)
            checks += [learned] if learned["holds"] is False else [learned, _swayed(row, limits)]
    return checks


def _shortcut(row: Mapping[str, Any], limits: VerdictParams) -> Check:
    drawn, raised, carried = _phrase(row["corruption"]), row["raised"], row.get("carried")
    name, holds, says = f"shortcut: {_title(row['corruption'])}", None, ""
    if carried is not None and carried["low"] is not None and raised["low"] is not None:
        holds = not (raised["low"] > limits.raised and carried["low"] > limits.carried)
        says = (
            f"With {drawn} drawn in, the probability of {raised['class']} rises by {100 * raised['value']:.0f} points, "
            f"and its training photos look as if they had {drawn} more often than the others, by "
            f"{100 * carried['value']:.0f} points: the model seems to have learned {drawn} for that class."
        )
    return _check(name, carried, limits.carried, holds=holds, says=says)


def _swayed(row: Mapping[str, Any], limits: VerdictParams) -> Check:
    drawn, pulled = _phrase(row["corruption"]), row["pulled"]
    says = (
        f"With {drawn} drawn in, {100 * (pulled['value'] or 0):.0f} % of the photos that had another answer are called "
        f"{pulled['class']}. It is not shown to be learned: more likely the model has never met {drawn}."
    )
    return _not_above(f"robust: {_title(row['corruption'])}", pulled, limits.pulled, says)


PARTS = {
    "border_only": "With only the border of the photo left, the model is right more often than the largest class "
    "would make it: the background gives the class away.",
    "lesion_covered": "With the lesion covered, the model is right more often than the largest class would make it: "
    "what surrounds the lesion gives the class away.",
}


def _parts(audit: Sequence[Mapping[str, Any]]) -> list[Check]:
    rows = {row["corruption"]: row for row in audit}
    checks = []
    for name, says in PARTS.items():
        row = rows.get(name)
        figure, majority = (None, 0.0) if row is None else (row["accuracy"], row["majority"])
        checks.append(_not_above(f"shortcut: {name.replace('_', ' ')}", figure, majority, says))
    return checks


def _origin(origin: Mapping[str, Any] | None) -> Check:
    """Fails when features tell the source and the source tells something of the class."""
    if origin is None:
        return _check("shortcut: source", None, 0.0, holds=None, says="")
    says = "The features tell a photo's source, and sources differ in their classes: the model may know the source."
    figure, classes = origin["balanced_accuracy"], origin["by_class"]
    check = _not_above("shortcut: source", figure, origin["chance"], says)
    uneven = classes["low"] is not None and classes["low"] > origin["chance"]
    return check if check["holds"] is not False or uneven else check | {"holds": True, "says": ""}


def _degradations(audit: Sequence[Mapping[str, Any]], middle: int, limits: VerdictParams) -> list[Check]:
    checks = []
    for row in _at(audit, middle):
        if row["corruption"] not in (*ARTEFACTS, *PARTS):
            name = _title(row["corruption"])
            says = f"Under {name} of middle severity, the model loses a large part of its accuracy."
            checks.append(_not_above(f"robust: {name}", row["accuracy_lost"], limits.accuracy_lost, says))
    return checks
