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
    rows = manifest[OF_MANIFEST].merge(findings, on="record_id", how="left", validate="one_to_one")
    rows = rows.sort_values("record_id", kind="stable", ignore_index=True)
    of_shard = ledger["shard"].fillna("").map(store.manifest_of)
    parts = [
        _shelved(str(name), part, ledger[of_shard == name], staging.new)
        for name, part in rows.groupby("manifest", sort=True)
    ]
    ingested = pd.concat(parts, ignore_index=True)
    staging.commit(ingested, kept=set(ingested["shard"].dropna()))
    return tables.read(staging.ledger, tables.INGESTED)


def _shelved(name: str, rows: pd.DataFrame, before: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """One manifest's rows with the places of their photos: those of the last run if its photos were the same."""
    if _contents(rows) == _contents(before):
        masked = before[before["mask_offset"].notna()]
        places = Places(
            before[PHOTO_PLACE].drop_duplicates("sha256"), masked[MASK_PLACE].drop_duplicates(MASK_PLACE[:2])
        )
    else:
        places = store.write_shards(name, _stored(rows), folder)
    found = rows.drop(columns=["offset", "length", "mask_offset", "mask_length"])
    with_photos = found.merge(places.photos, on="sha256", how="left")
    return with_photos.merge(places.masks, on=["sha256", "mask_sha256"], how="left")


def _contents(rows: pd.DataFrame) -> set[tuple[str, str, str]]:
    """What the shards of these rows hold: content hash, format and mask of each."""
    stored = rows.loc[rows["sha256"].notna(), ["sha256", "format", "mask_sha256"]].fillna("")
    return set(stored.itertuples(index=False, name=None))


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
