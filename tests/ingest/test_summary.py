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
        "licence": ["CC0", "CC0", "CC0", "CC BY"],
        "mask_offset": [512, None, None, None],
    }
)
MANIFEST = pd.DataFrame(
    {
        "record_id": ["a:1", "a:2", "b:1", "b:2"],
        "source": ["a", "a", "b", "b"],
        "mask": ["m", "m", "m", None],
        "url": ["../1.jpg", "file:2.jpg", "http://x.org/1.jpg", "https://X.org:8/2.jpg"],
    }
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
        "healable": {},
        "by_source": {"a": {"rows": 2, "failed": 0}, "b": {"rows": 2, "failed": 1}},
        "by_host": {"x.org": {"rows": 2, "failed": 1}, "files": {"rows": 2, "failed": 0}},
        "by_licence": {"CC BY": 1, "CC0": 2},
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
        "  to do:    See reports/ingestion.md. What arrived is kept: mend the addresses and run again, or raise the "
        "share in params.yaml if so many losses are right."
    )


def test_the_report_says_what_failed_where_and_what_to_retry():
    timeouts = INGESTED.assign(reason=INGESTED["reason"].replace("not_found", "timeout"))
    lines = summary.as_markdown(summary.summarise(timeouts, MANIFEST)).splitlines()
    assert "3 of 4 rows arrived: 2 distinct photos, 1 with a mask. 1 rows failed (25.0%)." in lines
    assert "**To retry**: 1 of the failures may heal; `dvc repro -f ingest` asks for them again." in lines
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert ["timeout", "1", "yes"] in cells
    assert ["x.org", "2", "1"] in cells
    assert ["CC0", "2"] in cells


def test_beyond_twenty_hosts_the_others_are_added_up():
    hosts = {f"h{number:02d}": {"rows": 1, "failed": number} for number in range(25)}
    kept = summary._largest(hosts)
    assert next(iter(kept)) == "h24"
    assert kept["5 others"] == {"rows": 5, "failed": 0 + 1 + 2 + 3 + 4}
