"""Photos of the findings go into shards, and the ledger says where each one lies."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from lesionflow import tables
from lesionflow.ingest import store
from lesionflow.ingest.staging import Staging
from lesionflow.ingest.store import MASK_PLACE, PHOTO_PLACE, Content, Places, Stored
from lesionflow.ingest.waiting import FILE

OF_MANIFEST = ["record_id", "manifest", "licence", "attribution"]


def shelve(manifest: pd.DataFrame, findings: pd.DataFrame, ledger: pd.DataFrame, staging: Staging) -> pd.DataFrame:
    """Write the shards that change, and the ledger; let them count; return table ingested.

    Parameters
    ----------
    findings : one of every manifest row.
    ledger : table ingested of the last run.
    """
    rows = manifest[OF_MANIFEST].sort_values("record_id", kind="stable", ignore_index=True)
    at = pd.Index(findings["record_id"]).get_indexer(pd.Index(rows["record_id"]))
    rows = rows.join(findings.drop(columns="record_id").iloc[at].set_axis(rows.index))
    del findings  # of a million rows, each copy counts
    of_shard = ledger["shard"].fillna("").map(store.manifest_of)
    names = sorted(rows["manifest"].unique())
    parts = [
        _shelved(
            name, rows if len(names) == 1 else rows[rows["manifest"] == name], ledger[of_shard == name], staging.new
        )
        for name in names
    ]
    del rows
    ingested = parts.pop() if len(parts) == 1 else pd.concat(parts)
    staging.commit(ingested, kept=set(ingested["shard"].dropna()))
    del ingested
    return tables.read(staging.ledger, tables.INGESTED)


def _shelved(name: str, rows: pd.DataFrame, before: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """One manifest's rows with the places of their photos: those of the last run if its photos were the same."""
    if len(before) and _contents(rows).equals(_contents(before)):
        masked = before[before["mask_offset"].notna()]
        places = Places(before[PHOTO_PLACE].drop_duplicates(), masked[MASK_PLACE].drop_duplicates())
    else:
        places = store.write_shards(name, _stored(rows), folder)
    rows = rows.drop(columns=["offset", "length", "mask_offset", "mask_length", FILE])
    rows = _with(rows, places.photos, ["sha256"])
    return _with(rows, places.masks, ["sha256", "mask_sha256"])


def _with(rows: pd.DataFrame, places: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The rows with the places' further columns, missing where there is none: a left join without its copies."""
    at = pd.Index(_joined(places[keys])).get_indexer(pd.Index(_joined(rows[keys])))
    more = {str(name): places[name].array.take(at, allow_fill=True) for name in places if name not in keys}
    return rows.assign(**more)


def _joined(keys: pd.DataFrame) -> "pd.Series[str]":
    """The key columns as one; missing where one of them is."""
    joined = keys.iloc[:, 0]
    for name in keys.columns[1:]:
        joined = joined + keys[name]
    return joined


def _contents(rows: pd.DataFrame) -> pd.DataFrame:
    """What the shards of these rows hold: content hash, format and mask of each."""
    columns = ["sha256", "format", "mask_sha256"]
    return rows.loc[rows["sha256"].notna(), columns].drop_duplicates().sort_values(columns, ignore_index=True)


def _stored(rows: pd.DataFrame) -> Iterator[Stored]:
    """Each photo once, by hash, from where it lies now."""
    masks: dict[str, dict[str, Content]] = defaultdict(dict)
    masked = rows[rows["mask_sha256"].notna()]
    for photo, *mask in masked[["sha256", "mask_sha256", FILE, "mask_offset", "mask_length"]].itertuples(index=False):
        masks[photo].setdefault(mask[0], Content(*mask))
    photos = rows[rows["sha256"].notna()].drop_duplicates("sha256").sort_values("sha256")
    for *photo, form in photos[["sha256", FILE, "offset", "length", "format"]].itertuples(index=False):
        of_photo = masks.get(photo[0], {})
        yield Stored(Content(*photo), form, [of_photo[mask] for mask in sorted(of_photo)])
