from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.ingest.patience import retry_after

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Thu, 01 Jan 2026 12:01:30 GMT", 90),
        ("Thu, 01 Jan 2026 14:01:30 +0200", 90),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),  # gone by
        ("soon", None),
        ("-5", None),
        ("", None),
        ("1e9", None),
    ],
)
def test_a_server_names_seconds_or_a_date(header, seconds):
    assert retry_after(header, NOW) == seconds


@given(st.text(max_size=40))
def test_any_header_is_a_time_or_nothing(header):
    wait = retry_after(header, NOW)
    assert wait is None or wait >= 0
