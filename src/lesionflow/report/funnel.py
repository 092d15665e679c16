"""What went in, what was thrown out and why, and what remained: counts that reconcile from manifest to split."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from lesionflow.errors import LesionflowError
from lesionflow.report import figures
from lesionflow.report.inputs import Ledger

SET_ASIDE = "frozen in another part than its leakage group"


@dataclass(frozen=True)
class Loss:
    """Rows that a step took away, and why."""

    reason: str
    rows: int


@dataclass(frozen=True)
class Step:
    """Rows that remain after a step, of `before`; the losses, largest first, sum to the difference."""

    name: str
    rows: int
    before: int
    losses: list[Loss] = field(default_factory=list)


def steps(ledger: Ledger) -> list[Step]:
    """Manifest, fetched, curated, classes, and split where photos were set aside.

    Raises
    ------
    LesionflowError : the tables do not belong together: a row vanished without a reason, or appeared from nowhere.
    """
    manifest, stored = set(ledger.manifest["record_id"]), _ids(ledger.ingested, "status", "stored")
    kept, used = _ids(ledger.curated, "verdict", "keep"), set(ledger.split["record_id"])
    aside = set(ledger.set_aside)
    in_classes = ledger.curated[ledger.curated["record_id"].isin(kept)]
    dropped = in_classes[~in_classes["label"].isin(ledger.classes.loc[ledger.classes["becomes"].notna(), "label"])]
    found = [
        Step("Rows of the manifests", len(manifest), len(manifest)),
        Step("Photos fetched and decoded", len(stored), len(manifest), _losses(ledger.ingested, manifest - stored)),
        Step("Usable, each photo once", len(kept), len(stored), _losses(ledger.curated, stored - kept)),
        Step("In classes with enough photos", len(used | aside), len(kept), _lost_classes(dropped, ledger.classes)),
    ]
    if aside:
        found.append(
            Step("Not set aside by the frozen split", len(used), found[-1].rows, [Loss(SET_ASIDE, len(aside))])
        )
    _reconcile(found)
    return found


def kept_labels(classes: pd.DataFrame) -> list[str]:
    """The labels that models learn, by class_id."""
    kept = classes[classes["verdict"] == "keep"].sort_values("class_id")
    return list(kept["label"])


def split_counts(ledger: Ledger) -> pd.DataFrame:
    """Photos by class (rows, by class_id) and split (columns train, val, test), with zeros."""
    counts = pd.crosstab(ledger.split["label"], ledger.split["split"])
    return counts.reindex(index=kept_labels(ledger.classes), columns=["train", "val", "test"], fill_value=0)


def sources(ledger: Ledger) -> pd.DataFrame:
    """By source and licence: rows, fetched, used (in the split), and its attributions, three at most named."""
    rows = ledger.manifest.assign(
        fetched=ledger.manifest["record_id"].isin(_ids(ledger.ingested, "status", "stored")),
        used=ledger.manifest["record_id"].isin(set(ledger.split["record_id"])),
    )
    grouped = rows.groupby(["source", "licence"], sort=True)
    found = grouped.agg(
        attribution=("attribution", _named),
        rows=("record_id", "size"),
        fetched=("fetched", "sum"),
        used=("used", "sum"),
    )
    return found.reset_index()


def _named(attributions: Iterable[str]) -> str:
    names = sorted({name for name in attributions if name})
    return "; ".join(names[:3]) + (f"; and {len(names) - 3} more" if len(names) > 3 else "")


def _ids(frame: pd.DataFrame, column: str, value: str) -> set[str]:
    return set(frame.loc[frame[column] == value, "record_id"])


def _losses(ledger: pd.DataFrame, lost: set[str]) -> list[Loss]:
    counts = ledger.loc[ledger["record_id"].isin(lost), "reason"].value_counts()
    return _ordered(Loss(figures.words(str(reason)), int(rows)) for reason, rows in counts.items())


def _lost_classes(dropped: pd.DataFrame, classes: pd.DataFrame) -> list[Loss]:
    why = dict(zip(classes["label"], classes["reason"], strict=True))
    counts = dropped["label"].value_counts()
    named = {label: f"{figures.words(label)}: {figures.words(why.get(label, ''))}" for label in map(str, counts.index)}
    return _ordered(Loss(named[str(label)], int(rows)) for label, rows in counts.items())


def _ordered(losses: Iterable[Loss]) -> list[Loss]:
    return sorted(losses, key=lambda loss: (-loss.rows, loss.reason))


def _reconcile(found: list[Step]) -> None:
    for step in found:
        lost = sum(loss.rows for loss in step.losses)
        if step.before - lost != step.rows:
            raise LesionflowError(
                f"report: counts do not reconcile at {step.name!r}",
                got=f"{step.before} rows before, {lost} lost with a reason, {step.rows} after",
                expected="before less lost equals after",
                remedy="The tables in outputs/ are of different runs: run `dvc repro`, or `dvc repro -f collect`.",
            )
