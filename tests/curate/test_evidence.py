import numpy as np
import pandas as pd
import pytest

from lesionflow import tables
from lesionflow.curate import evidence
from tests.curate.pair_photos import drawn, frame, local, turned
from tests.curate.pair_photos import tables as seen

NONE = tables.PAIR_EVIDENCE.empty()


@pytest.fixture(scope="module")
def features():
    photo = drawn(0)
    pictures = {"a": photo, "b": photo.resize((128, 96)), "c": turned(photo, True, 0), "d": drawn(1), "e": drawn(2)}
    return seen(pictures)[1]


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "1")


def hypotheses(*rows):
    table = pd.DataFrame(rows, columns=evidence.KEY).assign(candidate_by="words")
    return table.astype({"sha256_a": object, "sha256_b": object, "mirrored": bool, "turn": "int64"})


ALL = hypotheses(
    ("a", "b", False, -1), ("a", "b", False, 0), ("a", "c", True, -1), ("a", "c", False, 2), ("a", "d", False, -1),
    ("b", "c", True, 0), ("d", "e", False, -1),
)  # fmt: skip


def written(table, folder):
    path = folder / "evidence.parquet"
    tables.write(table, path, tables.PAIR_EVIDENCE)
    return path.read_bytes()


@pytest.fixture
def asked(monkeypatch):
    """The hypotheses for which pixels were looked at, as (mirrored, turn)."""
    calls, found = [], evidence.found
    monkeypatch.setattr(
        evidence, "found", lambda *pair, **how: calls.append(tuple(how.values())) or found(*pair, **how)
    )
    return calls


def test_a_smaller_copy_is_laid_on_by_its_keypoints(features):
    row = evidence.with_cached(ALL[:1], features, NONE).iloc[0]
    assert row["inliers"] >= 20
    # Both are sought at 300 x 225, so that the copy lies on the photo as it is.
    np.testing.assert_allclose(row["matrix"], [1, 0, 0, 0, 1, 0], atol=1)
    assert row["agreement"] > 0.9
    assert min(row[evidence.SHARES]) > 0.99


def test_a_turn_lays_the_whole_frames_and_counts_no_keypoints(features):
    row = evidence.with_cached(ALL[1:2], features, NONE).iloc[0]
    assert row["inliers"] == 0
    np.testing.assert_array_equal(row["matrix"], [1, 0, 0, 0, 1, 0])
    assert row["agreement"] > 0.9


def test_photos_of_different_lesions_have_no_evidence_or_little_agreement(features):
    assert evidence.with_cached(ALL[-1:], features, NONE)["agreement"].max() < 0.4


def test_without_keypoints_there_is_nothing_to_say_unless_a_turn_is_known():
    view = np.random.default_rng(1).integers(0, 256, (64, 85), dtype=np.uint8)
    photo = frame(300, 225, view)
    unknown = evidence.found(photo, photo, mirrored=False, turn=-1)
    assert (unknown["inliers"], unknown["agreement"], unknown["overlap_a"]) == (0, 0.0, 0.0)
    assert evidence.found(photo, photo, mirrored=False, turn=0)["agreement"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_copy_agrees_under_its_own_turn_alone(mirrored, turn):
    first, second = local(drawn(2)), local(turned(drawn(2), mirrored, turn))
    found = {
        (flag, way): evidence.found(first, second, mirrored=flag, turn=way)["agreement"]
        for flag in (False, True)
        for way in range(4)
    }
    assert found.pop((mirrored, turn)) > 0.95
    assert max(found.values()) < 0.6


def test_a_pair_has_the_same_evidence_in_any_company_and_order(features, tmp_path):
    together = written(evidence.with_cached(ALL, features, NONE), tmp_path)
    shuffled = evidence.with_cached(ALL.sample(frac=1, random_state=1), features.iloc[::-1], NONE)
    assert written(shuffled, tmp_path) == together
    alone = [evidence.with_cached(ALL[place : place + 1], features, NONE) for place in range(len(ALL))]
    assert written(pd.concat(alone), tmp_path) == together


def test_worker_processes_and_small_chunks_find_the_same(features, tmp_path, monkeypatch):
    here = written(evidence.with_cached(ALL, features, NONE), tmp_path)
    monkeypatch.setattr(evidence, "CHUNK", 2)
    monkeypatch.setenv("LESIONFLOW_WORKERS", "2")
    assert written(evidence.with_cached(ALL, features, NONE), tmp_path) == here


def test_growth_looks_only_at_new_pairs_and_equals_a_run_from_scratch(features, tmp_path, asked):
    scratch = written(evidence.with_cached(ALL[1:], features, NONE), tmp_path)
    written(evidence.with_cached(ALL[:5], features, NONE), tmp_path)
    cached = tables.read(tmp_path / "evidence.parquet", tables.PAIR_EVIDENCE)
    asked.clear()
    # Of the cached five, the first is no candidate any more; two are new.
    grown = evidence.with_cached(ALL[1:], features, cached)
    assert asked == [(True, 0), (False, -1)]
    assert written(grown, tmp_path) == scratch


def test_nothing_is_looked_at_when_all_is_known(features, asked, tmp_path):
    first = evidence.with_cached(ALL, features, NONE)
    asked.clear()
    again = evidence.with_cached(ALL, features, first)
    assert asked == []
    assert written(again, tmp_path) == written(first, tmp_path)


@pytest.mark.parametrize("change", ["evidence", "features"])
def test_evidence_of_another_version_or_of_other_features_is_found_anew(features, asked, monkeypatch, change):
    first = evidence.with_cached(ALL[:2], features, NONE)
    asked.clear()
    if change == "evidence":
        monkeypatch.setattr(evidence, "VERSION", evidence.VERSION + 1)
    else:
        features = features.assign(version=features["version"] + 1)
    again = evidence.with_cached(ALL[:2], features, first)
    assert len(asked) == 2
    assert set(again["version"]).isdisjoint(first["version"])


def test_the_signal_told_is_that_of_the_present_proposal(features):
    first = evidence.with_cached(ALL[:2], features, NONE)
    again = evidence.with_cached(ALL[:2].assign(candidate_by="group"), features, first)
    assert again["candidate_by"].tolist() == ["group", "group"]


def test_no_candidates_have_no_evidence(features, tmp_path):
    cached = evidence.with_cached(ALL[:2], features, NONE)
    for known in (NONE, cached):
        written(evidence.with_cached(ALL[:0], features, known), tmp_path)
        assert len(tables.read(tmp_path / "evidence.parquet", tables.PAIR_EVIDENCE)) == 0
    assert len(evidence.with_cached(ALL[:0], features[:0], NONE)) == 0
