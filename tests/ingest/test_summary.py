import pandas as pd
import pytest

from lesionflow.errors import LesionflowError
from lesionflow.ingest import summary

INGESTED = pd.DataFrame(
    {
        "record_id": ["a:1", "a:2", "b:1", "b:2"],
        "status": ["stored", "stored", "failed", "stored"],
        "reason": ["", "", "not_found", ""],
        "detail": ["", "mask: not_found: no such file", "status 404", ""],
        "sha256": ["x", "y", None, "x"],
        "mask_offset": [512, None, None, None],
    }
)
MANIFEST = pd.DataFrame(
    {"record_id": ["a:1", "a:2", "b:1", "b:2"], "source": ["a", "a", "b", "b"], "mask": ["m", "m", "m", None]}
)


def test_counts_reconcile():
    assert summary.summarise(INGESTED, MANIFEST) == {
        "rows": 4,
        "stored": 3,
        "failed": 1,
        "failed_share": 0.25,
        "distinct_photos": 2,
        "with_mask": 1,
        "masks_failed": 1,
        "failed_by_reason": {"not_found": 1},
        "by_source": {"a": {"rows": 2, "failed": 0}, "b": {"rows": 2, "failed": 1}},
    }


def test_a_share_of_failures_at_the_limit_passes():
    summary.refuse_too_many_failures(INGESTED, summary.summarise(INGESTED, MANIFEST), 0.25)


def test_too_many_failures_stop_the_run_and_name_the_first():
    with pytest.raises(LesionflowError) as caught:
        summary.refuse_too_many_failures(INGESTED, summary.summarise(INGESTED, MANIFEST), 0.2)
    assert str(caught.value) == (
        "ingest: 1 of 4 rows failed\n"
        "  got:      not_found 1; first: b:1, not_found (status 404)\n"
        "  expected: a share of at most 0.2 (ingest.max_failed_share)\n"
        "  to do:    Mend the addresses, or raise the share in params.yaml if so many losses are right."
    )
