import dataclasses
import io

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.learn import backbones, features
from lesionflow.learn.features import FeaturesParams
from tests.learn.conftest import Brightness, grey

FOUR = FeaturesParams(batch_size=4)


def test_features_come_in_the_order_asked(simple, store):
    photos = store([grey(level) for level in (0, 51, 102, 153, 204)])
    order = [3, 0, 4, 1, 2]
    # A grey of 51 k has brightness 0.2 k.
    found = features.extract(simple, [photos[i] for i in order], FOUR)
    np.testing.assert_allclose(found[:, 0], [[0.6], [0.0], [0.8], [0.2], [0.4]], atol=1e-6)
    assert found.dtype == np.float32


@pytest.mark.parametrize("name", ["test_resnet.r160_in1k", "test_vit.r160_in1k", "test_efficientnet.r160_in1k"])
def test_a_photos_features_depend_on_no_other_photo_nor_on_its_place(make_params, photos, name):
    backbone = backbones.load("tiny", make_params(name))
    together = features.extract(backbone, photos, FOUR)
    alone = np.concatenate([features.extract(backbone, [photo], FOUR) for photo in photos])
    reversed_ = features.extract(backbone, photos[::-1], FOUR)[::-1]
    assert np.array_equal(together, alone)
    assert np.array_equal(together, reversed_)


@pytest.mark.parametrize("name", ["torch", "onnx"])
def test_threads_change_nothing(backbone, photos, name):
    many, how = photos * 3, FOUR.model_copy(update={"engine": name})
    before = torch.get_num_threads()
    here = features.extract(backbone, many, how, threads=1)
    assert np.array_equal(features.extract(backbone, many, how, threads=3), here)
    assert torch.get_num_threads() == before


def test_determinism_of_the_caller_is_left_as_it_was(backbone, photos):
    features.extract(backbone, photos[:1], FOUR)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory


def test_no_photos_give_no_rows(backbone):
    assert features.extract(backbone, [], FOUR).shape == (0, 1, backbone.width)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_photo_that_does_not_decode_is_named(simple, store, threads):
    photos = store([grey(1), b"no picture", grey(2)])
    with pytest.raises(LesionflowError) as raised:
        features.extract(simple, photos, FOUR, threads=threads)
    lines = str(raised.value).splitlines()
    assert lines[0] == "shard.tar: photo b: not a picture that can be decoded"
    assert lines[1].startswith("  got:      UnidentifiedImageError")
    assert lines[2:] == ["  to do:    Run `dvc repro -f ingest`."]


def test_a_shard_cut_short_is_named(simple, store):
    photos = store([grey(1), grey(2)])
    photos[0].shard.write_bytes(photos[0].shard.read_bytes()[:-5])
    with pytest.raises(LesionflowError, match=r"shard\.tar: cut short"):
        features.extract(simple, photos, FOUR)


def test_features_that_are_not_finite_name_the_photo(simple, store):
    photos = store([grey(level) for level in (0, 10, 20, 30, 40, 250)])
    broken = dataclasses.replace(simple, pooled=Brightness(limit=0.9))
    with pytest.raises(LesionflowError) as raised:
        features.extract(broken, photos, FOUR)
    assert str(raised.value).startswith("features of tiny: photo f\n  got:      NaN or infinity\n")


def test_a_photo_of_the_split_that_is_not_stored_is_named(photos):
    stored = {photo.sha256: photo for photo in photos}
    assert list(features.selected(stored, ["c", "a"])) == ["c", "a"]
    with pytest.raises(LesionflowError, match=r"photo x\n  got:      not in the shards, as 2 photos of the split"):
        features.selected(stored, ["a", "y", "x"])


def test_only_missing_photos_are_computed(simple, store):
    photos = {photo.sha256: photo for photo in store([grey(level) for level in (0, 51, 102)])}
    # 7 is nothing that Brightness gives: it shows which row was reused. `gone` is wanted no more, `b` has an old key.
    cached = pd.DataFrame(
        {
            "sha256": ["a", "b", "gone"],
            "view": "full",
            "key": ["k", "old", "k"],
            "features": [np.float32([value]) for value in (7, 8, 9)],
        }
    )
    table = features.with_cached(simple, photos, cached, FOUR, key="k").sort_values("sha256")
    assert list(table["sha256"]) == ["a", "b", "c"]
    np.testing.assert_allclose(np.stack(table["features"].to_list()), [[7.0], [0.2], [0.4]], atol=1e-6)
    assert set(table["key"]) == {"k"}


def test_growing_photo_by_photo_gives_the_bytes_of_a_run_from_scratch(backbone, photos, tmp_path):
    def run(path, chosen):
        cached = tables.read_cached(path, tables.FEATURES)
        stored = {photo.sha256: photo for photo in chosen}
        tables.write(features.with_cached(backbone, stored, cached, FOUR, key="k"), path, tables.FEATURES)
        return path.read_bytes()

    grown = tmp_path / "grown.parquet"
    for chosen in (photos[3:5], photos[:5], photos):
        run(grown, chosen)
    assert run(grown, photos[1:]) == run(tmp_path / "scratch.parquet", photos[1:])


def test_key_follows_all_that_decides_the_features_and_nothing_else(backbone):
    description = backbone.describe()
    key = features.cache_key(description, FOUR)
    deciding = [{"timm": "x"}, {"weights_sha256": "x"}, {"preprocessing": {}}, {"width": 1}, {"pooling": "max"}]
    others = [features.cache_key(description | change, FOUR) for change in deciding]
    others.append(features.cache_key(description, FeaturesParams(batch_size=8)))
    assert len({key, *others}) == 7
    assert features.cache_key(description | {"licence": "x", "trained_on": "y", "model": "z"}, FOUR) == key


HALF = FeaturesParams(batch_size=4, views=("full", "zoom"))
ALL = FeaturesParams(batch_size=4, views=("full", "zoom", "full_flipped", "zoom_flipped"))


def bright_centre() -> bytes:
    """Black 16 x 16 with a white middle of 8 x 8."""
    stream = io.BytesIO()
    picture = np.zeros((16, 16, 3), dtype=np.uint8)
    picture[4:12, 4:12] = 255
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def test_the_zoom_is_of_the_middle_half(simple, store):
    found = features.extract(simple, store([bright_centre()]), HALF, HALF.views)
    assert found.shape == (1, 2, 1)
    # The middle square of half the side is all white; it is a quarter of the whole.
    np.testing.assert_allclose(found[0, :, 0], [0.25, 1.0], atol=0.02)


def test_a_views_features_are_the_same_whatever_other_views_are_asked_for(backbone, photos):
    together = features.extract(backbone, photos, ALL, ALL.views)
    for place, view in enumerate(ALL.views):
        assert np.array_equal(together[:, place], features.extract(backbone, photos, ALL, [view])[:, 0])
    assert len(np.unique(together[0], axis=0)) == 4


def test_a_new_view_computes_that_view_alone_and_gives_the_bytes_of_a_run_from_scratch(
    backbone, photos, tmp_path, monkeypatch
):
    stored, asked = {photo.sha256: photo for photo in photos}, []

    def run(path, settings):
        cached = tables.read_cached(path, tables.FEATURES)
        tables.write(features.with_cached(backbone, stored, cached, settings, key="k"), path, tables.FEATURES)
        return path.read_bytes()

    real = features.extract
    scratch = run(tmp_path / "scratch.parquet", ALL)
    run(tmp_path / "grown.parquet", HALF)

    def noted(*given, **more):
        asked.append(tuple(given[3]))
        return real(*given, **more)

    monkeypatch.setattr(features, "extract", noted)
    assert run(tmp_path / "grown.parquet", ALL) == scratch
    assert asked == [("full_flipped", "zoom_flipped")]
    run(tmp_path / "grown.parquet", HALF)
    assert set(tables.read(tmp_path / "grown.parquet", tables.FEATURES)["view"]) == {"full", "zoom"}
