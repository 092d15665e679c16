import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.curate import verdicts

NO_PAIRS = pd.DataFrame({"sha256_a": [], "sha256_b": []}, dtype=object)


def tables_of(rows):
    """Rows of (record_id, label, group, sha256, width): one photo each."""
    manifest = pd.DataFrame(
        [{"record_id": r, "label": label, "source": "s", "group": group} for r, label, group, _, _ in rows]
    )
    ingested = pd.DataFrame([{"record_id": r, "sha256": sha} for r, _, _, sha, _ in rows])
    sizes = {sha: width for *_, sha, width in rows if sha}
    fingerprints = pd.DataFrame(
        [{"sha256": sha, "width": width, "height": 10, "sharpness": 1.0} for sha, width in sizes.items()]
    )
    return manifest, ingested, fingerprints


def curated(rows, pairs=(), unusable=None):
    frame = pd.DataFrame(pairs, columns=["sha256_a", "sha256_b"]) if pairs else NO_PAIRS
    reasons = pd.Series(unusable or {}, dtype=object)
    return verdicts.curate(*tables_of(rows), frame, reasons).set_index("record_id")


def test_the_larger_copy_is_kept_and_named():
    found = curated([("r1", "a", "p", "x", 10), ("r2", "a", "p", "y", 20)], [("x", "y")])
    assert found.loc["r1", ["verdict", "reason", "kept_record_id"]].tolist() == ["drop", "near_duplicate", "r2"]
    assert found.loc["r2", ["verdict", "reason", "kept_record_id"]].tolist() == ["keep", "", "r2"]
    assert set(found["cluster"]) == {"x"}


def test_a_copy_whose_patient_is_known_is_kept_before_a_larger_one():
    found = curated([("r1", "a", "p", "x", 10), ("r2", "a", None, "y", 20)], [("x", "y")])
    assert found.loc["r1", "verdict"] == "keep"


def test_the_same_bytes_twice_are_an_exact_duplicate():
    found = curated([("r1", "a", None, "x", 10), ("r2", "a", None, "x", 10)])
    assert found["reason"].tolist() == ["", "exact_duplicate"]


def test_copies_under_two_labels_are_all_out():
    found = curated([("r1", "a", None, "x", 10), ("r2", "b", None, "x", 10), ("r3", "a", None, "y", 10)], [("x", "y")])
    assert set(found["reason"]) == {"conflicting_labels"}


def test_an_unusable_copy_does_not_stand_for_its_cluster():
    rows = [("r1", "a", None, "x", 90), ("r2", "a", None, "y", 10)]
    found = curated(rows, [("x", "y")], {"x": "blurred"})
    assert found["reason"].tolist() == ["blurred", ""]


def test_a_row_without_photo_keeps_its_reason():
    found = curated([("r1", "a", None, None, 0), ("r2", "a", None, "x", 10)])
    assert found.loc["r1", ["verdict", "reason"]].tolist() == ["drop", "not_ingested"]


def test_patients_and_copies_join_into_one_leakage_group():
    # r1 and r2 share patient p; r2 and r3 are copies; r3 and r4 share patient q: all four are one group. r5 is alone.
    rows = [("r1", "a", "p", "w", 9), ("r2", "a", "p", "x", 9), ("r3", "a", "q", "y", 9), ("r4", "a", "q", "z", 9)]
    found = curated([*rows, ("r5", "a", None, "v", 9)], [("x", "y")])
    assert found["group"].tolist() == ["r1", "r1", "r1", "r1", "r5"]


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["p", "q", None]), st.sampled_from(["x", "y", "z", None])),
        min_size=1,
        max_size=12,
    ),
    st.lists(st.sampled_from([("x", "y"), ("y", "z"), ("x", "z")]), max_size=2, unique=True),
)
def test_every_row_has_one_verdict_and_a_reason_when_dropped(rows, pairs):
    named = [(f"r{i:02d}", label, group, sha, 10) for i, (label, group, sha) in enumerate(rows)]
    present = {sha for *_, sha in rows if sha}
    if not present:
        return
    found = curated(named, [pair for pair in pairs if set(pair) <= present])
    assert len(found) == len(rows)
    assert ((found["verdict"] == "keep") == (found["reason"] == "")).all()
    kept = found[found["verdict"] == "keep"]
    assert kept["sha256"].is_unique
    assert kept["cluster"].dropna().is_unique
    assert all(len(set(part["group"])) == 1 for _, part in found.dropna(subset=["cluster"]).groupby("cluster"))
