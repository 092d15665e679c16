"""What ingestion brought, in numbers."""

from typing import Any

import pandas as pd

from lesionflow.errors import LesionflowError


def summarise(ingested: pd.DataFrame) -> dict[str, Any]:
    """Counts of rows, photos, masks and failures by reason."""
    failed = ingested[ingested["status"] == "failed"]
    return {
        "rows": len(ingested),
        "stored": len(ingested) - len(failed),
        "failed": len(failed),
        "failed_share": len(failed) / len(ingested),
        "distinct_photos": int(ingested["sha256"].nunique()),
        "with_mask": int(ingested["mask_offset"].notna().sum()),
        "failed_by_reason": {
            str(reason): int(count) for reason, count in failed["reason"].value_counts().sort_index().items()
        },
    }


def refuse_too_many_failures(ingested: pd.DataFrame, max_failed_share: float) -> None:
    """Raise when the share of failed rows is above `max_failed_share`."""
    summary = summarise(ingested)
    if summary["failed_share"] > max_failed_share:
        first = ingested[ingested["status"] == "failed"].iloc[0]
        raise LesionflowError(
            f"ingest: {summary['failed']} of {summary['rows']} rows failed",
            got=f"{summary['failed_by_reason']}; first: {first['record_id']}, {first['reason']} ({first['detail']})",
            expected=f"a share of at most {max_failed_share:g} (ingest.max_failed_share)",
            remedy="Mend the addresses, or raise the share in params.yaml if so many losses are right.",
        )
