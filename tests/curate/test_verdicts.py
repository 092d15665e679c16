import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionflow.curate import duplicates, review, verdicts
from lesionflow.curate.decisions import Decisions

PAIR = {"candidate_by": "words", "transform": "same", "inliers": 20, "overlap": 1.0}
NOTHING = Decisions()


def tables_of(rows):
    """Rows of (record_id, label, group, sha256, width): one photo each, 10 high."""
    manifest = pd.DataFrame(
        [{"record_id": r, "label": label, "source": "s", "group": group} for r, label, group, _, _ in rows]
    )
    ingested = pd.DataFrame([{"record_id": r, "sha256": sha} for r, _, _, sha, _ in rows])
    sizes = {sha: width for *_, sha, width in rows if sha}
    fingerprints = pd.DataFrame(
        [{"sha256": s, "width": w, "height": 10, "border_share": 0.0, "sharpness": 1.0} for s, w in sizes.items()],
        columns=["sha256", "width", "height", "border_share", "sharpness"],
    )
    return manifest, ingested, fingerprints


def pairs_of(*pairs):
    """Pairs "xy" that the search found: duplicates, or with a third letter s the same scene."""
    rows = [
        {"sha256_a": a, "sha256_b": b, "relation": "same_scene" if scene else "duplicate", "agreement": 0.9, **PAIR}
        for a, b, *scene in pairs
    ]
    columns = ["sha256_a", "sha256_b", "relation", "agreement", *PAIR]
    return pd.DataFrame(rows, columns=columns).astype({"sha256_a": object, "sha256_b": object, "relation": object})


def curated(rows, pairs=(), unusable=None, decisions=NOTHING, borders=None):
    """Table curated by record_id, as stage curate makes it."""
    manifest, ingested, fingerprints = tables_of(rows)
    reasons = pd.Series(unusable or {}, dtype=object)
    usable = set(fingerprints["sha256"]) - set(reasons.index)
    fingerprints["border_share"] = fingerprints["sha256"].map(borders or {}).fillna(0.0)
    among = pairs_of(*[pair for pair in pairs if set(pair[:2]) <= usable])
    decided = duplicates.decided(among, decisions, usable)
    return verdicts.curate(manifest, ingested, fingerprints, decided, reasons, decisions).set_index("record_id")


def photos(*rows):
    """Rows of (sha256, label): one photo each, without a patient, 10 wide."""
    return [(f"r{sha}", label, None, sha, 10) for sha, label in rows]


def fates(found):
    return found["reason"].to_dict()


def groups(found):
    return {"".join(sorted(part["sha256"])) for _, part in found.groupby("group")}


def test_the_larger_copy_is_kept_and_named():
    found = curated([("r1", "a", "p", "x", 10), ("r2", "a", "p", "y", 20)], ["xy"])
    assert found.loc["r1", ["verdict", "reason", "kept_record_id"]].tolist() == ["drop", "near_duplicate", "r2"]
    assert found.loc["r2", ["verdict", "reason", "kept_record_id"]].tolist() == ["keep", "", "r2"]
    assert set(found["cluster"]) == {"x"}


def test_a_border_makes_no_copy_larger():
    # y is 12 x 10 of which a quarter is border, 90 pixels of picture; x is 10 x 10 without, 100.
    rows = [("r1", "a", None, "x", 10), ("r2", "a", None, "y", 12)]
    assert fates(curated(rows, ["xy"])) == {"r1": "near_duplicate", "r2": ""}
    assert fates(curated(rows, ["xy"], borders={"y": 0.25})) == {"r1": "", "r2": "near_duplicate"}


def test_a_copy_whose_patient_is_known_is_kept_before_a_larger_one():
    found = curated([("r1", "a", "p", "x", 10), ("r2", "a", None, "y", 20)], ["xy"])
    assert found.loc["r1", "verdict"] == "keep"


def test_the_same_bytes_twice_are_an_exact_duplicate():
    found = curated([("r1", "a", None, "x", 10), ("r2", "a", None, "x", 10)])
    assert found["reason"].tolist() == ["", "exact_duplicate"]


def test_the_same_bytes_under_two_labels_are_all_out():
    assert set(curated([("r1", "a", None, "x", 10), ("r2", "b", None, "x", 10)])["reason"]) == {"conflicting_labels"}


def test_copies_under_two_labels_are_all_out():
    found = curated([("r1", "a", None, "x", 10), ("r2", "b", None, "x", 10), ("r3", "a", None, "y", 10)], ["xy"])
    assert set(found["reason"]) == {"conflicting_labels"}


def test_an_unusable_copy_does_not_stand_for_its_cluster():
    rows = [("r1", "a", None, "x", 90), ("r2", "a", None, "y", 10)]
    found = curated(rows, ["xy"], {"x": "blurred"})
    assert found["reason"].tolist() == ["blurred", ""]


def test_bounds_that_no_photo_keeps_leave_every_row_its_reason():
    found = curated(photos("xa", "yb"), ["xy"], {"x": "blurred", "y": "too_dark"})
    assert fates(found) == {"rx": "blurred", "ry": "too_dark"}
    assert set(found["verdict"]) == {"drop"}


def test_a_row_without_photo_keeps_its_reason():
    found = curated([("r1", "a", None, None, 0), ("r2", "a", None, "x", 10)])
    assert found.loc["r1", ["verdict", "reason"]].tolist() == ["drop", "not_ingested"]


def test_no_photo_at_all_is_no_error():
    found = curated([("r1", "a", None, None, 0), ("r2", "a", "p", None, 0), ("r3", "a", "p", None, 0)])
    assert set(found["reason"]) == {"not_ingested"}
    assert found["group"].tolist() == ["r1", "r2", "r2"]


def test_patients_and_copies_join_into_one_leakage_group():
    # r1 and r2 share patient p; r2 and r3 are copies; r3 and r4 share patient q: all four are one group. r5 is alone.
    rows = [("r1", "a", "p", "w", 9), ("r2", "a", "p", "x", 9), ("r3", "a", "q", "y", 9), ("r4", "a", "q", "z", 9)]
    found = curated([*rows, ("r5", "a", None, "v", 9)], ["xy"])
    assert found["group"].tolist() == ["r1", "r1", "r1", "r1", "r5"]


def test_the_same_scene_joins_groups_and_drops_nothing():
    found = curated(photos("xa", "yb", "za"), ["xys"])
    assert set(found["reason"]) == {""}
    assert found["cluster"].isna().all()
    assert groups(found) == {"xy", "z"}


def test_a_group_that_spans_two_labels_keeps_both():
    found = curated([("r1", "a", "p", "x", 10), ("r2", "b", "p", "y", 10)])
    assert set(found["reason"]) == {""}
    assert groups(found) == {"xy"}


# What people decide.


def test_relabelled_bytes_that_stood_under_two_labels_are_kept_once():
    rows = [("r1", "a", None, "x", 10), ("r2", "b", None, "x", 10)]
    found = curated(rows, decisions=Decisions(labels={"x": "b"}))
    assert fates(found) == {"r1": "", "r2": "exact_duplicate"}
    assert found["label"].tolist() == ["b", "b"]


@pytest.mark.parametrize("label", ["a", "b", "c"])
def test_a_relabelled_copy_settles_its_clusters_conflict(label):
    # Whether the word repeats a source's label, takes the other's or a third one; y, the larger, is kept under it.
    rows = [("r1", "a", None, "x", 10), ("r2", "b", None, "y", 20)]
    found = curated(rows, ["xy"], decisions=Decisions(labels={"x": label}))
    assert fates(found) == {"r1": "near_duplicate", "r2": ""}
    assert found["label"].tolist() == [label, label]


def test_relabelling_the_kept_copy_makes_no_conflict_with_the_others():
    rows = [("r1", "a", None, "x", 10), ("r2", "a", None, "y", 20)]
    found = curated(rows, ["xy"], decisions=Decisions(labels={"y": "b"}))
    assert fates(found) == {"r1": "near_duplicate", "r2": ""}
    assert found.loc["r2", "label"] == "b"


def test_a_confirmed_copy_settles_its_clusters_conflict():
    found = curated(photos("xa", "yb"), ["xy"], decisions=Decisions(confirmed=frozenset("y")))
    assert set(found["label"]) == {"b"}
    assert sorted(found["reason"]) == ["", "near_duplicate"]


def test_confirming_bytes_under_two_labels_settles_nothing():
    rows = [("r1", "a", None, "x", 10), ("r2", "b", None, "x", 10)]
    found = curated(rows, decisions=Decisions(confirmed=frozenset("x")))
    assert set(found["reason"]) == {"conflicting_labels"}


def test_copies_that_people_gave_two_labels_are_in_conflict():
    found = curated(photos("xa", "ya", "za"), ["xy", "yz"], decisions=Decisions(labels={"x": "a", "y": "b"}))
    assert set(found["reason"]) == {"conflicting_labels"}
    assert found["label"].tolist() == ["a", "b", "a"]


def test_an_unusable_copys_label_speaks_for_no_other():
    found = curated(photos("xa", "yb"), ["xy"], {"x": "blurred"}, Decisions(labels={"x": "c"}))
    assert found.loc["ry", "label"] == "b"


def test_the_named_copy_is_kept_whatever_its_size_and_label():
    rows = [("r1", "a", None, "x", 10), ("r2", "b", "p", "y", 90)]
    found = curated(rows, ["xy"], decisions=Decisions(keep_one=frozenset({("x", "y")})))
    assert fates(found) == {"r1": "", "r2": "decided"}
    assert found["kept_record_id"].tolist() == ["r1", "r1"]
    assert found["label"].tolist() == ["a", "b"]


def test_the_named_copy_is_kept_before_a_larger_third_one():
    rows = [("r1", "a", None, "x", 10), ("r2", "b", None, "y", 10), ("r3", "a", "p", "z", 90)]
    found = curated(rows, ["xz", "yz"], decisions=Decisions(keep_one=frozenset({("x", "y")})))
    assert fates(found) == {"r1": "", "r2": "decided", "r3": "near_duplicate"}


def test_a_third_copy_under_another_label_stays_in_conflict_with_the_named_one():
    found = curated(photos("xa", "yb", "zb"), ["xz", "yz"], decisions=Decisions(keep_one=frozenset({("x", "y")})))
    assert fates(found) == {"rx": "conflicting_labels", "ry": "decided", "rz": "conflicting_labels"}
    assert found["kept_record_id"].isna().all()


def test_people_can_tell_copies_that_no_search_finds():
    found = curated(photos("xa", "yb"), [], decisions=Decisions(keep_one=frozenset({("y", "x")})))
    assert fates(found) == {"rx": "decided", "ry": ""}
    assert groups(found) == {"xy"}


def test_of_a_chain_the_first_stands_for_all():
    chain = Decisions(keep_one=frozenset({("x", "y"), ("y", "z")}))
    found = curated(photos("xa", "yb", "zc"), [], decisions=chain)
    assert fates(found) == {"rx": "", "ry": "decided", "rz": "decided"}
    assert set(found["kept_record_id"]) == {"rx"}
    # While x is not there, y stands for z.
    assert fates(curated(photos("yb", "zc"), [], decisions=chain)) == {"ry": "", "rz": "decided"}


def test_a_photo_that_cannot_be_used_stands_for_none():
    found = curated(photos("xa", "yb"), ["xy"], {"x": "blurred"}, Decisions(keep_one=frozenset({("x", "y")})))
    assert fates(found) == {"rx": "blurred", "ry": ""}


@pytest.mark.parametrize("pairs", [["xy"], []])
def test_both_are_kept_in_one_leakage_group(pairs):
    found = curated(photos("xa", "yb"), pairs, decisions=Decisions(keep_both=frozenset({("x", "y")})))
    assert set(found["reason"]) == {""}
    assert groups(found) == {"xy"}


def test_both_are_kept_though_a_third_photo_is_a_copy_of_both():
    found = curated(
        photos("xa", "yb", "za"), ["xy", "xz", "yz"], decisions=Decisions(keep_both=frozenset({("x", "y")}))
    )
    # z agrees with both alike, and goes with x, the smaller name.
    assert fates(found) == {"rx": "", "ry": "", "rz": "near_duplicate"}
    assert groups(found) == {"xyz"}


def test_what_is_no_duplicate_leaves_cluster_and_group():
    found = curated(photos("xa", "yb"), ["xy"], decisions=Decisions(not_duplicate=frozenset({("x", "y")})))
    assert set(found["reason"]) == {""}
    assert found["cluster"].isna().all()
    assert groups(found) == {"x", "y"}


def test_what_is_no_duplicate_is_no_scene_either():
    found = curated(photos("xa", "yb"), ["xys"], decisions=Decisions(not_duplicate=frozenset({("x", "y")})))
    assert groups(found) == {"x", "y"}


def test_a_copy_of_two_different_photos_still_joins_their_group_until_that_is_decided_too():
    apart = frozenset({("x", "y")})
    found = curated(photos("xa", "yb", "za"), ["xz", "yz"], decisions=Decisions(not_duplicate=apart))
    assert fates(found) == {"rx": "", "ry": "", "rz": "near_duplicate"}
    assert groups(found) == {"xyz"}
    both = Decisions(not_duplicate=apart | {("y", "z")})
    assert groups(curated(photos("xa", "yb", "za"), ["xz", "yz"], decisions=both)) == {"xz", "y"}


def test_different_photos_of_one_patient_stay_in_one_group():
    rows = [("r1", "a", "p", "x", 10), ("r2", "b", "p", "y", 10)]
    assert groups(curated(rows, ["xy"], decisions=Decisions(not_duplicate=frozenset({("x", "y")})))) == {"xy"}


def test_a_dropped_photo_is_out_and_settles_its_conflict():
    found = curated(photos("xa", "yb"), ["xy"], decisions=Decisions(dropped=frozenset("x")))
    assert fates(found) == {"rx": "decided", "ry": ""}


def test_a_dropped_photo_joins_groups_but_no_cluster():
    # z shows x and y side by side.
    found = curated(photos("xa", "yb", "za"), ["xz", "yz"], decisions=Decisions(dropped=frozenset("z")))
    assert fates(found) == {"rx": "", "ry": "", "rz": "decided"}
    assert groups(found) == {"xyz"}


def test_a_photo_dropped_for_quality_keeps_that_reason():
    found = curated(photos("xa"), [], {"x": "blurred"}, Decisions(dropped=frozenset("x")))
    assert fates(found) == {"rx": "blurred"}


def test_decisions_over_absent_photos_wait_and_are_counted():
    # Of six photos named, x alone is usable; y is blurred, and four are not there.
    decisions = Decisions(
        not_duplicate=frozenset({("m", "x")}), keep_both=frozenset({("n", "x")}), keep_one=frozenset({("o", "x")}),
        labels={"p": "b"}, confirmed=frozenset("y"),
    )  # fmt: skip
    found = curated(photos("xa", "yb"), [], {"y": "blurred"}, decisions)
    assert fates(found) == {"rx": "", "ry": "blurred"}
    told = verdicts.summarise(found.reset_index(), pairs_of(), decisions)
    assert told["decisions"] == {"photos": 6, "absent": 4, "unusable": 1}


def test_counts_are_told():
    rows = [*photos("xa", "ya", "zb", "wa"), ("r1", "a", None, None, 0)]
    found = curated(rows, ["xy", "zws"])
    told = verdicts.summarise(found.reset_index(), pairs_of("xy", "zws"), NOTHING)
    # Groups: x with y, z with w, and the row without a photo.
    assert told == {
        "rows": 5, "kept": 3, "dropped": 2, "dropped_by_reason": {"near_duplicate": 1, "not_ingested": 1},
        "pairs": {"duplicate": 1, "same_scene": 1}, "clusters": 1, "leakage_groups": 3,
        "decisions": {"photos": 0, "absent": 0, "unusable": 0},
    }  # fmt: skip


def test_conflicts_are_listed_with_what_a_decision_needs():
    rows = photos("xa", "yb", "zb", "wa", "va")
    found = curated(rows, ["xy", "xz", "vw"]).reset_index()
    urls = ["https://a.example/x.jpg", "=cmd()", "z.jpg", "w.jpg", "v.jpg"]
    manifest = tables_of(rows)[0].assign(url=urls)
    listed = verdicts.conflicts(found, manifest, pairs_of("xy", "xz", "vw"))
    # y and z are copies of x, not of each other; v and w agree in their label. No cell is a spreadsheet's formula.
    assert list(listed.columns) == ["cluster", "sha256", "record_id", "label", "source", "url", "copy_of"]
    assert listed[["cluster", "sha256", "label", "url", "copy_of"]].to_numpy().tolist() == [
        ["x", "x", "a", "https://a.example/x.jpg", "y z"],
        ["x", "y", "b", "'=cmd()", "x"],
        ["x", "z", "b", "z.jpg", "x"],
    ]


def test_without_conflicts_the_list_has_its_header_alone():
    rows = photos("xa")
    listed = verdicts.conflicts(curated(rows).reset_index(), tables_of(rows)[0].assign(url="u"), pairs_of())
    assert listed.to_csv(index=False) == "cluster,sha256,record_id,label,source,url,copy_of\n"


def test_a_photo_whose_copy_was_looked_at_is_reviewed():
    found = curated(photos("xa", "ya", "zb", "wb"), ["xy"]).reset_index()
    assert review.reviewed(found, Decisions(labels={"x": "a"}, confirmed=frozenset("z"))) == {"x", "y", "z"}
    assert review.reviewed(found, NOTHING) == set()


PAIRS = st.sampled_from([("x", "y"), ("y", "z"), ("x", "z")])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["p", "q", None]), st.sampled_from(["x", "y", "z", None])),
        min_size=1,
        max_size=12,
    ),
    st.lists(PAIRS, max_size=3, unique=True),
    st.dictionaries(PAIRS, st.sampled_from(["not_duplicate", "keep_both", "keep_one"]), max_size=2),
    st.dictionaries(st.sampled_from("xyz"), st.sampled_from("ab"), max_size=2),
)
def test_every_row_has_one_verdict_and_a_reason_when_dropped(rows, pairs, told, labels):
    named = [(f"r{i:02d}", label, group, sha, 10) for i, (label, group, sha) in enumerate(rows)]
    of_pairs = {word: frozenset(pair for pair in told if told[pair] == word) for word in set(told.values())}
    found = curated(named, ["".join(pair) for pair in pairs], decisions=Decisions(**of_pairs, labels=labels))
    assert len(found) == len(rows)
    assert ((found["verdict"] == "keep") == (found["reason"] == "")).all()
    kept = found[found["verdict"] == "keep"]
    assert kept["sha256"].is_unique
    assert kept["cluster"].dropna().is_unique
    assert all(len(set(part["group"])) == 1 for _, part in found.dropna(subset=["cluster"]).groupby("cluster"))
    assert set(found["kept_record_id"].dropna()) <= set(kept.index)
    for pair in of_pairs.get("not_duplicate", frozenset()) | of_pairs.get("keep_both", frozenset()):
        first, second = (set(found.loc[found["sha256"] == sha, "cluster"].dropna()) for sha in pair)
        assert not first & second
