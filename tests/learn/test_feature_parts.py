import numpy as np
import pandas as pd
import pytest

from lesionflow import tables
from lesionflow.learn import backbones, feature_parts, features
from lesionflow.learn.features import FeaturesParams
from tests.learn.conftest import grey

FOUR = FeaturesParams(batch_size=4)


def test_parts_give_the_same_file_from_scratch_and_grown_and_compute_only_what_is_missing(
    simple, store, tmp_path, monkeypatch
):
    monkeypatch.setattr(feature_parts, "PART", 2)
    photos = {photo.sha256: photo for photo in store([grey(level) for level in (0, 51, 102, 153, 204)])}

    def run(path, names):
        def cached(ends):
            return tables.read_cached(path, tables.FEATURES, between=ends)

        chosen = {name: photos[name] for name in names}
        tables.write_parts(feature_parts.in_parts(simple, chosen, cached, FOUR, key="k"), path, tables.FEATURES)
        return path.read_bytes()

    scratch = run(tmp_path / "scratch.parquet", "abcde")
    grown = tmp_path / "grown.parquet"
    run(grown, "bd")
    assert run(grown, "abcde") == scratch
    table = tables.read(grown, tables.FEATURES)
    np.testing.assert_allclose(np.concatenate(table["features"].to_list()), [0, 0.2, 0.4, 0.6, 0.8], atol=1e-6)
    monkeypatch.setattr(features, "engine", lambda *_: pytest.fail("nothing was missing"))
    assert run(grown, "abcde") == scratch


def test_a_cluster_gives_the_same_parts_and_leaves_what_is_cached(make_params, store, monkeypatch):
    monkeypatch.setattr(feature_parts, "PART", 2)
    photos = {photo.sha256: photo for photo in store([grey(level) for level in (0, 51, 102)])}
    backbone = backbones.load("tiny", make_params("test_efficientnet.r160_in1k"))

    def parts(cached):
        found = feature_parts.in_parts(backbone, photos, lambda _: cached, FOUR, key="k")
        return pd.concat(list(found), ignore_index=True)

    here = parts(tables.FEATURES.empty())
    monkeypatch.setenv("LESIONFLOW_WORKERS", "2")
    monkeypatch.setenv("LESIONFLOW_BACKEND", "ray")
    pd.testing.assert_frame_equal(parts(tables.FEATURES.empty()), here)
    marked = here.assign(features=[vector * 0 for vector in here["features"]])
    pd.testing.assert_frame_equal(parts(marked), marked)
