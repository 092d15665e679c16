"""`lesionflow report-update`: this run against that of another revision, for the pull request that changes the data."""

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.files import read_json, write_text
from lesionflow.lineage import changes, choosing, update_page
from lesionflow.lineage.revisions import Files, commit_of

OUTPUTS, REPORTS = Path("outputs"), Path("reports")
TABLES = {"manifest": tables.MANIFEST, "split": tables.SPLIT}


def report(base: str, out: Path, *, maps_at: str = "") -> str:
    """Write the report of this run against revision `base`; returns it.

    Raises
    ------
    LesionflowError : no finished run here, no such revision, or one whose results DVC does not hold.
    """
    if not (REPORTS / "leaderboard.md").exists():
        raise LesionflowError("reports/leaderboard.md: not there", remedy="Run `dvc repro`.")
    names = choosing.names()
    with tempfile.TemporaryDirectory() as room:
        wanted = [*(f"outputs/{name}.parquet" for name in TABLES), *(f"reports/metrics/{name}.json" for name in names)]
        root = Files(commit_of(base)).get(wanted, Path(room))
        before = {name: _table(root / "outputs", name) for name in TABLES}
        figures = {name: (_metrics(root / "reports", name), _metrics(REPORTS, name)) for name in names}
    promotion = REPORTS / "promotion.json"
    text = update_page.page(
        changes.between(before, {name: _table(OUTPUTS, name) for name in TABLES}),
        figures,
        base=base,
        leaderboard=(REPORTS / "leaderboard.md").read_text(encoding="utf-8"),
        decision=read_json(promotion) if promotion.exists() else None,
        maps=[name for name in names if (OUTPUTS / "explain" / name).is_dir()],
        maps_at=maps_at,
    )
    write_text(text, out)
    return text


def _table(folder: Path, name: str) -> pd.DataFrame:
    """At a commit before the first run there is none."""
    path = folder / f"{name}.parquet"
    return tables.read(path, TABLES[name]) if path.exists() else TABLES[name].empty()


def _metrics(folder: Path, name: str) -> dict[str, Any] | None:
    path = folder / "metrics" / f"{name}.json"
    return read_json(path) if path.exists() else None
