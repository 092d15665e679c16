"""What earlier runs found and this one need not find again."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from lesionflow.ingest.admission import Row, remote_key
from lesionflow.ingest.reasons import HEALABLE, OF_SETTINGS
from lesionflow.ingest.settings import IngestParams
from lesionflow.ingest.waiting import FILE, WRITTEN

AGAIN = {"none": frozenset[str](), "healable": HEALABLE | OF_SETTINGS}


def keys(rows: Iterable[Row]) -> "pd.Series[str]":
    """The key of each remote row by record_id."""
    return pd.Series({row.record_id: remote_key(row) for row in rows}, dtype="str")


def as_findings(ledger: pd.DataFrame, shards: Path) -> pd.DataFrame:
    """The rows of table ingested as findings, whose photos lie in shards."""
    findings: pd.DataFrame = ledger[WRITTEN.names]
    return findings.assign(**{FILE: (f"{shards}/" + ledger["shard"]).astype("category")})


def current(findings: pd.DataFrame, remote_keys: "pd.Series[str]", record_ids: pd.Series) -> pd.DataFrame:
    """For each record the finding that still holds, at most one.

    Of a remote row that is one with the row's key, best a stored one, else the latest. Of a local row it is the latest:
    whether its bytes are still the same shows when they are read.

    Parameters
    ----------
    findings : older ones first.
    remote_keys : the key of each remote row, by record_id.
    """
    key = findings["record_id"].map(remote_keys).reset_index(drop=True)
    sought = findings["record_id"].isin(record_ids).to_numpy()
    holds = sought & (key.isna() | (key == findings["key"].reset_index(drop=True))).to_numpy()
    local_or_stored = (key.isna() | (findings["status"] == "stored").to_numpy()).to_numpy()
    places = np.flatnonzero(holds)
    places = places[np.argsort(local_or_stored[places], kind="stable")]
    last = ~findings["record_id"].iloc[places].duplicated(keep="last").to_numpy()
    return findings.iloc[places[last]]


def lasting(findings: pd.DataFrame, remote_keys: "pd.Series[str]", settings: IngestParams) -> pd.DataFrame:
    """The findings that need no second look: stored within today's limits, or failed for good.

    Failed local rows are looked at each time: it costs little, and a file may be mended.
    """
    stored = findings["status"] == "stored"
    pixels = (findings["width"] * findings["height"]).fillna(0)
    within = (pixels <= settings.max_pixels) & (findings["fetched_length"].fillna(0) <= settings.max_bytes)
    for_good = ~stored & findings["record_id"].isin(remote_keys.index)
    if settings.retry_failed == "all":
        return findings[stored & within]
    return findings[(stored & within) | (for_good & ~findings["reason"].isin(AGAIN[settings.retry_failed]))]
