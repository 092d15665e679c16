"""`lesionflow promote`: the best classifier of this run against the champion of the tracking store."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lesionflow import params, tables
from lesionflow.adapters import content, registry
from lesionflow.adapters.registry import Standing
from lesionflow.adapters.settings import TrackParams
from lesionflow.evaluate import predictions, promotion, rematch
from lesionflow.evaluate.promotion import Measuring, Rule
from lesionflow.evaluate.promotion_settings import PromoteParams
from lesionflow.evaluate.settings import CalibrateParams
from lesionflow.files import read_json, write_json
from lesionflow.lineage import answers, choosing, decisions

OUTPUTS, REPORTS = Path("outputs"), Path("reports")
REPORT = REPORTS / "promotion.json"


@dataclass(frozen=True)
class Candidate:
    """The classifier of this run that is best on validation."""

    model: str
    key: str
    table: pd.DataFrame
    labels: list[str]


def promote(*, dry_run: bool) -> str:
    """Decide, write reports/promotion.json, and unless it is a dry run set the alias; returns the decision table.

    Raises
    ------
    LesionflowError : no finished run here, a candidate that is not tracked, or a store that cannot be used.
    """
    settings, names = params.load("promote", PromoteParams), params.load("track", TrackParams)
    candidate, champion = _candidate(), registry.champion(settings.registered_model)
    found = decide(candidate, champion, settings)
    if not dry_run and found["decision"] != "unchanged":
        registry.enter(
            settings.registered_model,
            experiment=names.experiment,
            key=candidate.key,
            alias=found["decision"],
            tags={"lesionflow.decision": found["decision"], "lesionflow.reasons": "; ".join(found["reasons"])[:5000]},
            before=champion,
        )
    write_json({**found, "applied": not dry_run}, REPORT)
    return decisions.told({**found, "applied": not dry_run})


def decide(candidate: Candidate, champion: Standing | None, settings: PromoteParams) -> dict[str, Any]:
    """The decision with its rules and figures (see `decisions`)."""
    said = {
        "registered_model": settings.registered_model,
        "candidate": {"model": candidate.model, "content_key": candidate.key},
        "champion": None if champion is None else {"model": champion.model, "content_key": champion.key},
    }
    if champion is not None and champion.key == candidate.key:
        return {**said, "decision": "unchanged", "reasons": ["it is the champion already"], "rules": []}
    if champion is None:
        report = read_json(REPORTS / "metrics" / f"{candidate.model}.json")
        rules, figures = promotion.of_first(report, len(candidate.labels), settings), dict[str, Any]()
    else:
        rules, figures = _against(candidate, champion, settings)
    rules = [*rules, promotion.audit(_explained(candidate.model), settings)]
    decision, reasons = promotion.decide(rules)
    return {**said, "decision": decision, "reasons": reasons, "rules": promotion.told(rules), **figures}


def _candidate() -> Candidate:
    best, found, labels = choosing.best()
    about = content.subject(best, choosing.joined())
    gathered = content.gather(about, content.settings(about), root=Path())
    return Candidate(best, gathered.key, found, labels)


def _against(candidate: Candidate, champion: Standing, settings: PromoteParams) -> tuple[list[Rule], dict[str, Any]]:
    how = Measuring(
        count=params.load("evaluate.bootstrap", int),
        confidence=params.load("evaluate.confidence", float),
        seed=params.load("seed", int),
        bins=params.load("calibrate", CalibrateParams).bins,
    )
    with tempfile.TemporaryDirectory() as room:
        path, card = registry.record(champion, Path(room))
        record, theirs = tables.read(path, tables.PREDICTIONS), list(card["labels"])
        found = rematch.sort_out(candidate.table, record)
        anew: Mapping[str, Any] = {}
        if found.unanswered:
            model = registry.model_files(settings.registered_model, champion, Path(room) / "model")
            anew = answers.to(found.unanswered, model, OUTPUTS)
    pair = rematch.pair(found, record, anew, theirs=theirs, ours=candidate.labels)
    sides = ((pair.candidate, candidate.table, candidate.labels), (pair.champion, record, theirs))
    one, other = (
        promotion.calibration_error(
            side, pair.class_id, predictions.arrays(predictions.of_split(table, "val"), labels), how
        )
        for side, table, labels in sides
    )
    rules, figures = promotion.against_champion(pair, found, candidate.labels, (one, other), settings, how)
    photos = {
        "compared": len(pair.groups),
        "groups": len(set(pair.groups)),
        "answered_anew": len(found.unanswered),
        "learned_by_champion": found.learned,
        "gone_from_test": found.lost,
        "relabelled": found.relabelled,
    }
    return rules, {"photos": photos, **figures}


def _explained(model: str) -> dict[str, Any] | None:
    path = REPORTS / "explain" / f"{model}.json"
    return read_json(path) if path.exists() else None
