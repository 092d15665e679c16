"""What ingestion brought, in numbers."""

from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from lesionflow.errors import LesionflowError
from lesionflow.ingest import addresses
from lesionflow.ingest.reasons import HEALABLE

HOSTS = 20
"""Hosts that the report names; the others are added up."""


def summarise(ingested: pd.DataFrame, manifest: pd.DataFrame) -> dict[str, Any]:
    """Counts of rows, photos, masks, and of failures by reason, source and host; what to retry; licences."""
    columns = ["record_id", "source", "mask", "url"]
    rows = ingested.merge(manifest[columns], on="record_id", validate="one_to_one")
    failed = rows[rows["status"] == "failed"]
    masks = rows[(rows["status"] == "stored") & rows["mask"].notna()]
    healable = failed[failed["reason"].isin(HEALABLE)]
    return {
        "rows": len(ingested),
        "stored": len(ingested) - len(failed),
        "failed": len(failed),
        "failed_share": len(failed) / len(ingested),
        "distinct_photos": int(ingested["sha256"].nunique()),
        "with_mask": int(rows["mask_offset"].notna().sum()),
        "masks_failed": int((masks["detail"] != "").sum()),
        "failed_by_reason": _counts(failed["reason"]),
        "healable": _counts(healable["reason"]),
        "by_source": _rows_and_failures(rows["source"], failed["source"]),
        "by_host": _largest(_rows_and_failures(rows["url"].map(_host), failed["url"].map(_host))),
        "by_licence": _counts(rows.loc[rows["status"] == "stored", "licence"]),
    }


def _host(url: str) -> str:
    return addresses.host(url) or (urlsplit(url).netloc if addresses.is_remote(url) else "files")


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(value): int(count) for value, count in values.value_counts().sort_index().items()}


def _rows_and_failures(all_rows: pd.Series, failed: pd.Series) -> dict[str, dict[str, int]]:
    failures = _counts(failed)
    return {name: {"rows": count, "failed": failures.get(name, 0)} for name, count in _counts(all_rows).items()}


def _largest(hosts: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """The hosts with most failures, then most rows, and the sum of the others."""
    ordered = sorted(hosts.items(), key=lambda item: (-item[1]["failed"], -item[1]["rows"], item[0]))
    others = [counts for _, counts in ordered[HOSTS:]]
    if not others:
        return dict(ordered)
    summed = {name: sum(counts[name] for counts in others) for name in ("rows", "failed")}
    return {**dict(ordered[:HOSTS]), f"{len(others)} others": summed}


def as_markdown(summary: dict[str, Any]) -> str:
    """The summary for people: reports/ingestion.md."""
    healable = sum(summary["healable"].values())
    parts = [
        "# Ingestion",
        f"{summary['stored']:,} of {summary['rows']:,} rows arrived: {summary['distinct_photos']:,} distinct photos, "
        f"{summary['with_mask']:,} with a mask. {summary['failed']:,} rows failed ({summary['failed_share']:.1%}).",
    ]
    if healable:
        parts.append(f"**To retry**: {healable:,} of the failures may heal; `dvc repro -f ingest` asks for them again.")
    parts += _tables(summary)
    return "\n\n".join(parts) + "\n"


def _tables(summary: dict[str, Any]) -> list[str]:
    reasons = [
        (reason, count, "yes" if reason in summary["healable"] else "no")
        for reason, count in sorted(summary["failed_by_reason"].items(), key=lambda item: -item[1])
    ]
    hosts = [(name, counts["rows"], counts["failed"]) for name, counts in summary["by_host"].items()]
    sources = [(name, counts["rows"], counts["failed"]) for name, counts in summary["by_source"].items()]
    return [
        *_table("Failures", ("reason", "rows", "may heal"), reasons),
        *_table("Hosts", ("host", "rows", "failed"), hosts),
        *_table("Sources", ("source", "rows", "failed"), sources),
        *_table("Licences of what arrived", ("licence", "rows"), list(summary["by_licence"].items())),
    ]


def _table(title: str, header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    if not rows:
        return []
    lines = [header, *rows]
    written = pd.DataFrame(lines[1:], columns=list(header)).to_markdown(index=False)
    return [f"## {title}", written]


def failures(ingested: pd.DataFrame, summary: dict[str, Any]) -> str:
    """The reasons with their counts, and the first failed row, for an error; a row failed."""
    reasons = ", ".join(f"{reason} {count}" for reason, count in summary["failed_by_reason"].items())
    first = ingested[ingested["status"] == "failed"].iloc[0]
    return f"{reasons}; first: {first['record_id']}, {first['reason']} ({first['detail']})"


def refuse_too_many_failures(ingested: pd.DataFrame, summary: dict[str, Any], max_failed_share: float) -> None:
    """Raise when the share of failed rows is above `max_failed_share`."""
    if summary["failed_share"] > max_failed_share:
        raise LesionflowError(
            f"ingest: {summary['failed']} of {summary['rows']} rows failed",
            got=failures(ingested, summary),
            expected=f"a share of at most {max_failed_share:g} (ingest.max_failed_share)",
            remedy="See reports/ingestion.md. What arrived is kept: mend the addresses and run again, or raise the "
            "share in params.yaml if so many losses are right.",
        )
