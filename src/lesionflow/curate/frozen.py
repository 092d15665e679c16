"""The frozen split: parts that photos keep whatever data is added, as an input of the pipeline.

No function of the photos alone can both keep classes near their shares and never let a test photo leave test. Of any
data set, some half holds no photo of the whole's test part, for that is small; that half, split alone, needs a test
part too, and adding the other half would move it. What keeps test photos must know which photos were there first. That
is this ledger, `data/manifests/frozen/split.csv`: versioned with the data, so that a run from scratch ends in the same
files as an incremental one.
"""

from pathlib import Path

import pandas as pd

from lesionflow import files
from lesionflow.errors import LesionflowError

LEDGER = Path("frozen/split.csv")
"""Below the manifests' folder, which the stage depends on: so the ledger may be absent."""
COLUMNS = ["record_id", "sha256", "split"]
STRICTEST = ("test", "val", "train")
"""In which part a group goes whose photos were frozen in several."""
REMEDY = "Correct the row, or remove the file to split anew."


def read(manifests: Path) -> pd.DataFrame:
    """The ledger (record_id, sha256 or "", split) of the folder of manifests; no rows without one.

    Raises
    ------
    LesionflowError : other columns, a part that is none, or a photo twice; file and row are named.
    """
    path = manifests / LEDGER
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS, dtype=object)
    try:
        ledger = pd.read_csv(path, dtype=str, keep_default_na=False)
    except ValueError as error:  # what pandas raises for an empty file, ragged rows and other encodings
        raise _damaged(path, str(error)) from None
    # Of rows wider than the header, pandas makes an index.
    if list(ledger.columns) != COLUMNS or not isinstance(ledger.index, pd.RangeIndex):
        raise _damaged(path, f"columns {', '.join(ledger.columns)}, or cells beyond them"[:300])
    _refuse_row(path, ledger, ~ledger["split"].isin(STRICTEST), "split", f"one of {', '.join(STRICTEST)}")
    _refuse_row(path, ledger, ledger["record_id"].duplicated(), "record_id", "each photo once")
    twice = ledger["sha256"].duplicated() & (ledger["sha256"] != "")
    _refuse_row(path, ledger, twice, "sha256", "each photo once")
    return ledger


def _refuse_row(path: Path, ledger: pd.DataFrame, bad: pd.Series, column: str, expected: str) -> None:
    if bad.any():
        row = int(bad.to_numpy().argmax())
        where = f"{path}: row {row + 2}, column {column}"
        raise LesionflowError(where, got=repr(ledger[column].iloc[row])[:300], expected=expected, remedy=REMEDY)


def _damaged(path: Path, got: str) -> LesionflowError:
    return LesionflowError(
        f"{path}: not a frozen split", got=got, expected=f"columns {','.join(COLUMNS)}", remedy=REMEDY
    )


def parts(curated: pd.DataFrame, ledger: pd.DataFrame) -> pd.Series:
    """The frozen part of each row of table curated, missing where it has none.

    Content names a photo, and its record_id where the content is new (stored anew, or published anew). A row without
    its own entry has that of the copies in its duplicate cluster: train, if any of them was trained on.
    """
    ranks = ledger.assign(rank=_ranks(ledger["split"]))
    by_content = ranks[ranks["sha256"] != ""].set_index("sha256")["rank"]
    by_name = ranks.set_index("record_id")["rank"]
    own = curated["sha256"].map(by_content).fillna(curated["record_id"].map(by_name)).astype(float)
    return _named(own.fillna(own.groupby(curated["cluster"]).transform("max")))


def of_groups(group: pd.Series, parts: pd.Series) -> pd.Series:
    """The part of each group with a frozen photo: the strictest of its photos' parts, so that test stays test."""
    return _named(_ranks(parts).groupby(group).min().dropna())


def _ranks(parts: pd.Series) -> pd.Series:
    """Places in `STRICTEST`, NaN where there is no part."""
    return parts.map(STRICTEST.index, na_action="ignore").astype(float)


def _named(ranks: pd.Series) -> pd.Series:
    return ranks.map(lambda rank: STRICTEST[int(rank)], na_action="ignore").astype(object)


def frozen(split: pd.DataFrame, ledger: pd.DataFrame) -> pd.DataFrame:
    """The ledger with every photo of table split in the part that it has now; entries of other photos stay."""
    gone = ~ledger["record_id"].isin(split["record_id"]) & ~ledger["sha256"].isin(split["sha256"])
    return pd.concat([ledger[gone], split[COLUMNS]]).sort_values("record_id", ignore_index=True)


def left_test(before: pd.DataFrame, after: pd.DataFrame) -> str:
    """For people: how many photos of an earlier table split left test, and what keeps them there; "" if none did."""
    tested = before.loc[before["split"] == "test", "sha256"]
    left = int((after.set_index("sha256")["split"].reindex(tested).fillna("test") != "test").sum())
    if not left:
        return ""
    return (
        f"note: {left} of {len(tested)} photos of the last run's test are in another part now. "
        "If data was added, `lesionflow freeze-split --rev HEAD` keeps the parts of the last commit."
    )


def write(ledger: pd.DataFrame, manifests: Path) -> None:
    """Write the ledger into the folder of manifests."""
    files.write_text(ledger.to_csv(index=False, lineterminator="\n"), manifests / LEDGER)
