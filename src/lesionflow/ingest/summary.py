"""What ingestion brought, in numbers."""

from typing import Any

import pandas as pd

from lesionflow.errors import LesionflowError


def summarise(ingested: pd.DataFrame, manifest: pd.DataFrame) -> dict[str, Any]:
    """Counts of rows, photos, masks and failures by reason, and rows and failures by source."""
    rows = ingested.merge(manifest[["record_id", "source", "mask"]], on="record_id", validate="one_to_one")
    failed = rows[rows["status"] == "failed"]
    masks = rows[(rows["status"] == "stored") & rows["mask"].notna()]
    return {
        "rows": len(ingested),
        "stored": len(ingested) - len(failed),
        "failed": len(failed),
        "failed_share": len(failed) / len(ingested),
        "distinct_photos": int(ingested["sha256"].nunique()),
        "with_mask": int(rows["mask_offset"].notna().sum()),
        "masks_failed": int((masks["detail"] != "").sum()),
        "failed_by_reason": _counts(failed["reason"]),
        "by_source": {
            source: {"rows": count, "failed": _counts(failed["source"]).get(source, 0)}
            for source, count in _counts(rows["source"]).items()
        },
    }


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(value): int(count) for value, count in values.value_counts().sort_index().items()}


def refuse_too_many_failures(ingested: pd.DataFrame, summary: dict[str, Any], max_failed_share: float) -> None:
    """Raise when the share of failed rows is above `max_failed_share`."""
    if summary["failed_share"] > max_failed_share:
        reasons = ", ".join(f"{reason} {count}" for reason, count in summary["failed_by_reason"].items())
        first = ingested[ingested["status"] == "failed"].iloc[0]
        raise LesionflowError(
            f"ingest: {summary['failed']} of {summary['rows']} rows failed",
            got=f"{reasons}; first: {first['record_id']}, {first['reason']} ({first['detail']})",
            expected=f"a share of at most {max_failed_share:g} (ingest.max_failed_share)",
            remedy="Mend the addresses, or raise the share in params.yaml if so many losses are right.",
        )
