"""`lesionflow freeze-split`: the split of a run becomes an input, so that photos keep their part when data is added."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from lesionflow import files, tables
from lesionflow.curate import frozen
from lesionflow.errors import LesionflowError

SPLIT, REPORT = Path("outputs/split.parquet"), Path("reports/split.json")


def of_last_run() -> pd.DataFrame:
    """Table split as the last run here left it.

    Raises
    ------
    LesionflowError : no such run, or one that did not split by shares.
    """
    return _read(SPLIT, REPORT)


def of_revision(revision: str) -> pd.DataFrame:
    """Table split as committed in a git revision, from DVC's cache or remote.

    Raises
    ------
    LesionflowError : DVC cannot get it, or it was not split by shares.
    """
    with tempfile.TemporaryDirectory() as room:
        got = [_get(path, revision, Path(room)) for path in (SPLIT, REPORT)]
        return _read(*got)


def _get(path: Path, revision: str, room: Path) -> Path:
    out = room / path.name
    # With an equals sign, a revision that starts with a hyphen is not taken for an option.
    command = [sys.executable, "-m", "dvc", "get", ".", str(path), f"--rev={revision}", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (no shell)
    if done.returncode:
        raise LesionflowError(
            f"{path} of revision {revision!r}: DVC cannot get it",
            got=done.stderr.strip()[-600:],
            expected="a commit after `dvc repro`, with its results in DVC's cache or remote",
        )
    return out


def of_grown_data(manifests: Path) -> pd.DataFrame | None:
    """Table split of the last run, if it was by shares and of manifests that lie in this folder; else None."""
    if not SPLIT.exists() or _scheme(REPORT) != "shares":
        return None
    split = tables.read(SPLIT, tables.SPLIT)
    present = {path.stem for path in manifests.glob("*.csv")}
    return split if split["record_id"].str.split(":", n=1).str[0].isin(present).any() else None


def freeze(split: pd.DataFrame, manifests: Path) -> str:
    """Write the parts of table split into the ledger of the folder of manifests; says what it holds."""
    before = frozen.read(manifests)
    ledger = frozen.frozen(split, before)
    frozen.write(ledger, manifests)
    counts = ledger["split"].value_counts()
    told = ", ".join(f"{part} {counts.get(part, 0)}" for part in ("train", "val", "test"))
    return f"{manifests / frozen.LEDGER}: {len(ledger)} photos keep their part ({told}); {len(before)} did before"


def _read(path: Path, report: Path) -> pd.DataFrame:
    split = tables.read(path, tables.SPLIT)
    scheme = _scheme(report)
    if scheme != "shares":
        raise LesionflowError(
            f"{path}: not a split to freeze",
            got=f"scheme {scheme}",
            expected="scheme shares: folds and held-out sources are for measuring, not for keeping",
            remedy="Set curate.split.scheme to shares in params.yaml and run `dvc repro split`.",
        )
    return split


def _scheme(report: Path) -> str:
    """The scheme that a run says it split by; reports from before there were schemes say nothing."""
    return str(files.read_json(report).get("scheme", "shares")) if report.exists() else "shares"
