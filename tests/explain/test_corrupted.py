import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from lesionflow import tables
from lesionflow.explain import auditing, corrupted, corruptions
from lesionflow.explain.corrupted import Photo
from lesionflow.explain.settings import AuditParams
from lesionflow.learn import features
from lesionflow.learn.features import FeaturesParams
from lesionflow.learn.head import Head
from lesionflow.learn.head_inputs import Inputs
from tests.explain.conftest import LABELS

HOW = FeaturesParams(batch_size=8, views=("full", "zoom"))
SETTINGS = AuditParams(photos=2, severities=(2,))


def made(backbone, lesions, names, *, masks=True, how=HOW, **more):
    photos, shapes = lesions
    wanted = {name: Photo(photos[name], shapes[name] if masks else None) for name in names}
    return corrupted.table(backbone, wanted, how, SETTINGS, seed=1, **more)


def test_every_photo_stands_under_every_corruption_and_as_it_is(tiny, lesions, tmp_path):
    table = made(tiny, lesions, ["00", "01"])
    tables.write(table, tmp_path / "corrupted.parquet", tables.CORRUPTED)
    names = {*corruptions.NAMES, "none", "border_only", "lesion_covered"}
    assert set(table["corruption"]) == names
    assert len(table) == 2 * 2 * len(names)  # photos, views
    areas = table.groupby("corruption")["area"].max()
    assert (areas[list(corruptions.DEGRADATIONS)] == 0).all()
    assert (areas[["ruler", "watermark", "pen", "border"]] > 0).all()


def test_features_of_photos_as_they_are_equal_the_cached_ones(tiny, lesions):
    table = made(tiny, lesions, ["00", "01"])
    rows = table[table["corruption"] == "none"]
    found = np.stack([np.stack(rows.loc[rows["view"] == view, "features"].to_list()) for view in HOW.views], axis=1)
    cached = features.extract(tiny, [lesions[0][name] for name in ("00", "01")], HOW, HOW.views)
    np.testing.assert_allclose(found, cached, atol=1e-4)


def test_a_view_that_a_corruption_leaves_alone_is_not_computed_again(tiny, lesions):
    counted = []

    def run(batch):
        counted.append(int((batch.abs().sum(dim=(1, 2, 3)) > 0).sum()))  # the rest fills up the batch
        return batch.mean(dim=(2, 3)).numpy()

    table = made(tiny, lesions, ["00"], run=run)
    zoom = table[table["view"] == "zoom"].set_index("corruption")
    # A frame of 6 % does not reach the middle half: the zoomed view is the same, to the bit.
    assert np.array_equal(zoom.loc["border", "features"], zoom.loc["none", "features"])
    assert zoom.loc["border", "area"] == 0
    assert sum(counted) < len(table)


def written(table, path):
    tables.write(table, path, tables.CORRUPTED)
    return path.read_bytes()


def test_photos_of_an_earlier_run_are_not_drawn_again_and_the_table_is_that_of_a_run_from_scratch(
    tiny, lesions, tmp_path, monkeypatch
):
    path, drawn, real = tmp_path / "corrupted.parquet", [], corrupted.pictures
    scratch = written(made(tiny, lesions, ["00", "01", "02"]), tmp_path / "scratch.parquet")
    written(made(tiny, lesions, ["00", "02", "03"]), path)

    def noted(name, *given, **more):
        drawn.append(name)
        return real(name, *given, **more)

    monkeypatch.setattr(corrupted, "pictures", noted)
    grown = made(tiny, lesions, ["00", "01", "02"], cached=tables.read(path, tables.CORRUPTED))
    assert written(grown, path) == scratch
    assert drawn == ["01"]


@pytest.mark.parametrize("change", ["how", "mask", "code"])
def test_what_decides_a_photos_rows_makes_them_anew(tiny, lesions, tmp_path, monkeypatch, change):
    path = tmp_path / "corrupted.parquet"
    written(made(tiny, lesions, ["00"]), path)
    more = {"how": {"how": HOW.model_copy(update={"batch_size": 4})}, "mask": {"masks": False}, "code": {}}[change]
    if change == "code":
        monkeypatch.setattr(corrupted, "DRAWN_BY", corrupted.DRAWN_BY[1:])
    table = made(tiny, lesions, ["00"], cached=tables.read(path, tables.CORRUPTED), **more)
    assert not set(table["key"]) & set(tables.read(path, tables.CORRUPTED)["key"])


def test_the_box_over_lesions_grows_in_steps(lesions):
    photos, masks = lesions
    # The lesions are 30 x 30 of 160 x 120 pixels; a box one tenth wider is 0.206 x 0.275.
    found = corrupted.box_sides(Photo(photos[name], masks[name]) for name in photos)
    assert found == pytest.approx((0.3, 0.3))


def test_without_masks_no_lesion_is_covered(tiny, lesions):
    assert "lesion_covered" not in set(made(tiny, lesions, ["00"], masks=False)["corruption"])


def test_large_photos_are_made_smaller_and_small_ones_left():
    assert corrupted.at_size(Image.new("RGB", (1200, 768))).size == (600, 384)
    assert corrupted.at_size(Image.new("RGB", (200, 100))).size == (200, 100)


@pytest.fixture
def answered(tiny, lesions, split, zooming):
    table = made(tiny, lesions, ["06", "07"])
    card = {"labels": LABELS, "views": ["full", "zoom"], "model": "a", "tau": 0.0, "taus": [0.0]}
    card["class_photos"] = dict.fromkeys(LABELS, 1)
    return auditing.answers(zooming.head, card, table, split, tables.TRAITS.empty()), card, table


def test_answers_are_the_heads_on_both_views(answered, zooming):
    answers, _, table = answered
    assert answers["sha256"].value_counts().to_dict() == {"06": 16, "07": 16}
    rows = table[(table["sha256"] == "06") & (table["corruption"] == "blur")].set_index("view")
    both = np.concatenate([rows.loc["full", "features"], rows.loc["zoom", "features"]])[None]
    expected = zooming.head.probabilities(both.astype(np.float32))[0]
    (answer,) = answers[(answers["sha256"] == "06") & (answers["corruption"] == "blur")].to_dict("records")
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-6)
    assert answer["predicted"] == LABELS[int(expected.argmax())]
    assert answer["label"] == "acne"  # of the seventh photo


def test_a_head_joined_with_itself_answers_as_it_does_alone(answered, split, zooming):
    answers, card, _ = answered
    even = list(np.full((len(split), 3), 1 / 3, dtype=np.float32))
    own = split.assign(split=["train"] * 3 + ["val"] * 9, probabilities=even, predicted="acne")
    pair = auditing.of_pair([own, own], [answers, answers], [card, card])
    first, second = (np.stack(table["probabilities"].to_list()) for table in (pair, answers))
    np.testing.assert_allclose(first, second, atol=1e-5)
    assert list(pair["predicted"]) == list(answers["predicted"])


def test_what_is_left_of_a_photo_is_asked_without_its_metadata(answered, tiny, split):
    _, card, table = answered
    spec = {"sex": ["female", "male"]}
    seen = Inputs(("full", "zoom"), clinical=spec)
    torch.manual_seed(3)
    reading = Head(seen.width(tiny.width), 8, 3, 0.4).eval()
    told = pd.DataFrame({"sha256": ["06", "07"], "sex": ["male", "female"]})
    asked = (table, split, told)
    found = auditing.answers(reading, card | seen.card(), *asked, untold=["border_only", "lesion_covered"])
    always, never = (auditing.answers(reading, card | seen.card(), table, split, one) for one in (told, told.iloc[:0]))
    parts = found["corruption"].isin(["border_only", "lesion_covered"])
    values = {name: np.stack(one["probabilities"].to_list()) for name, one in
              (("found", found), ("always", always), ("never", never))}  # fmt: skip
    assert parts.sum() == 4
    np.testing.assert_array_equal(values["found"][parts], values["never"][parts])
    np.testing.assert_array_equal(values["found"][~parts], values["always"][~parts])
    assert not np.allclose(values["always"], values["never"], atol=1e-4)
