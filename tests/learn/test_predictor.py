import base64
import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from lesionflow import files, tables
from lesionflow.errors import LesionflowError
from lesionflow.learn import examples, features, head, joining, predictor
from lesionflow.learn.features import FeaturesParams
from lesionflow.learn.head import Head
from lesionflow.learn.head_inputs import Inputs

LABELS = ["acne", "eczema", "naevus"]


@pytest.fixture
def made(backbone, tmp_path):
    """A model's folder and its head."""
    folder, description = tmp_path / "model", backbone.describe()
    trained = Head(backbone.width, 8, 3, 0.4)
    card = {"labels": LABELS, "width": backbone.width, "hidden": 8, "dropout": 0.4}
    head.save(trained, folder, card | {"weights_sha256": description["weights_sha256"]})
    content = {"model": "tiny", "settings": backbone.settings.model_dump(mode="json"), "backbone": description}
    files.write_json(content, folder / "model.json")
    return folder, trained


def change(folder, **changes):
    content = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(content | changes))


def test_photos_get_the_probabilities_of_the_pipeline(made, backbone, photos):
    folder, trained = made
    expected = trained.probabilities(features.extract(backbone, photos, FeaturesParams(batch_size=4))[:, 0])
    table = predictor._load_pyfunc(str(folder)).predict(pd.DataFrame({"image": [photo.read() for photo in photos]}))
    assert list(table.columns) == ["label", "probability", "answered", *LABELS]
    np.testing.assert_allclose(table[LABELS].to_numpy(), expected, atol=1e-4)
    assert list(table["label"]) == [LABELS[row] for row in expected.argmax(axis=1)]
    assert (table["probability"] == table[LABELS].max(axis=1)).all()


def test_bytes_text_and_paths_are_the_same_photo(made, photos, tmp_path, monkeypatch):
    content = photos[0].read()
    (tmp_path / "photo.jpg").write_bytes(content)
    text = base64.b64encode(content).decode()
    forms = [content, bytearray(content), text, str(tmp_path / "photo.jpg"), tmp_path / "photo.jpg"]
    table = predictor._load_pyfunc(str(made[0])).predict(pd.DataFrame({"image": forms}))
    assert len(table.drop_duplicates()) == 1


def test_more_photos_than_a_batch_keep_their_order(made, photos, monkeypatch):
    loaded = predictor._load_pyfunc(str(made[0]))
    inputs = pd.DataFrame({"image": [photo.read() for photo in photos]})
    whole = loaded.predict(inputs)
    monkeypatch.setattr(predictor, "BATCH", 4)
    np.testing.assert_allclose(loaded.predict(inputs)[LABELS], whole[LABELS], atol=1e-6)


def test_no_photos_give_no_rows(made):
    table = predictor._load_pyfunc(str(made[0])).predict(pd.DataFrame({"image": []}))
    assert list(table.columns) == ["label", "probability", "answered", *LABELS]
    assert len(table) == 0


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"no picture",
        "",
        "naïve",
        "a" * 400,
        "A" * 400,
        "../" * 300,
        "a\0b",
        None,
        3,
        np.nan,
        base64.b64encode(b"x").decode(),
    ],
)
def test_what_is_no_picture_is_told_by_its_row(made, photos, value):
    inputs = pd.DataFrame({"image": pd.Series([photos[0].read(), value], dtype=object)})
    with pytest.raises(LesionflowError, match="prediction, row 1: no"):
        predictor._load_pyfunc(str(made[0])).predict(inputs)


def test_inputs_without_images_are_told(made):
    with pytest.raises(LesionflowError) as raised:
        predictor._load_pyfunc(str(made[0])).predict(pd.DataFrame({"photo": [b""]}))
    assert str(raised.value) == "prediction\n  got:      columns ['photo']\n  expected: a column `image`"


def test_other_weights_are_refused(made):
    change(made[0], model="another_slug")  # whose random weights differ
    with pytest.raises(LesionflowError, match="the backbone's weights are not those that the head was trained on"):
        predictor._load_pyfunc(str(made[0]))


def test_other_preprocessing_is_refused(made, backbone):
    description = backbone.describe()
    description["preprocessing"]["crop_pct"] = 0.5
    change(made[0], backbone=description)
    with pytest.raises(LesionflowError, match="preprocessing is not the one that the head was trained with"):
        predictor._load_pyfunc(str(made[0]))


def test_a_folder_without_a_model_is_told(tmp_path):
    with pytest.raises(LesionflowError, match=r"no model\n.*\n  expected: model\.json beside the head"):
        predictor._load_pyfunc(str(tmp_path))


TOLD = {"age": {"mean": 50.0, "std": 10.0}, "sex": ["female", "male"]}


@pytest.fixture
def tuned(backbone, tmp_path):
    """A tuned model's folder, its head and its inputs: views, mirror images, metadata, members, standardisation."""
    seen = Inputs(("full", "zoom"), flips=True, clinical=TOLD)
    trained = Head(seen.width(backbone.width), 8, 3, 0.4, members=2)
    random = torch.Generator().manual_seed(0)
    trained.mean.copy_(torch.rand(trained.width, generator=random))
    trained.scale.copy_(torch.rand(trained.width, generator=random) + 0.5)
    trained.offset.copy_(torch.tensor([0.5, 0.0, -0.5]))
    folder, description = tmp_path / "tuned", backbone.describe()
    card = {"labels": LABELS, "width": trained.width, "hidden": 8, "dropout": 0.4, "seeds": 2, **seen.card()}
    head.save(trained, folder, card | {"weights_sha256": description["weights_sha256"]})
    content = {"model": "tiny", "settings": backbone.settings.model_dump(mode="json"), "backbone": description}
    files.write_json(content, folder / "model.json")
    return folder, trained, seen


def test_a_tuned_head_is_served_as_the_pipeline_predicts(tuned, backbone, photos):
    folder, trained, seen = tuned
    names = [photo.sha256 for photo in photos]
    told = pd.DataFrame({"sha256": names, "age": [30.0, None, 60, 70, 80, 90], "sex": ["male", "female", None] * 2})
    settings = FeaturesParams(batch_size=4, views=("full", "zoom", "full_flipped", "zoom_flipped"))
    stored = {photo.sha256: photo for photo in photos}
    table = features.with_cached(backbone, stored, tables.FEATURES.empty(), settings, key="k")
    expected = trained.probabilities(examples.join(pd.DataFrame({"sha256": names}), table, seen, told))
    served = predictor._load_pyfunc(str(folder))
    given = told.assign(image=[photo.read() for photo in photos])
    np.testing.assert_allclose(served.predict(given)[LABELS].to_numpy(), expected, atol=1e-4)
    # Nothing told: everything counts as missing.
    bare = trained.probabilities(examples.join(pd.DataFrame({"sha256": names}), table, seen, tables.TRAITS.empty()))
    np.testing.assert_allclose(served.predict(given[["image"]])[LABELS].to_numpy(), bare, atol=1e-4)
    assert not np.allclose(bare, expected, atol=1e-3)


def test_a_number_that_is_none_is_told_before_any_photo_is_looked_at(tuned):
    with pytest.raises(LesionflowError, match="clinical metadata: age"):
        predictor._load_pyfunc(str(tuned[0])).predict(pd.DataFrame({"image": [b""], "age": ["old"]}))


@pytest.fixture
def pair(made, tuned, tmp_path):
    """The folder of both joined, and the cards of their heads."""
    folder, cards = tmp_path / "pair", []
    for name, one, tau in (("plain", made[0], 0.0), ("tuned", tuned[0], 1.0)):
        shutil.copytree(one, folder / name)
        card = json.loads((one / "head.json").read_text())
        card |= {"model": name, "tau": tau, "class_photos": dict(zip(LABELS, (4, 2, 1), strict=True))}
        (folder / name / "head.json").write_text(json.dumps(card))
        cards.append(card)
    trust = {"temperature": 2.0, "threshold": 0.5}
    files.write_json({"members": ["plain", "tuned"], "tau": 0.5, "trust": trust}, folder / "model.json")
    return folder, cards


def test_a_joined_pair_answers_as_the_pipeline_joins_it(pair, made, tuned, photos):
    folder, cards = pair
    inputs = pd.DataFrame({"image": [photo.read() for photo in photos], "sex": ["male", "female", None] * 2})
    each = [predictor.Predictor(one).raw(inputs) for one in (made[0], tuned[0])]
    # Stage join on predictions of the same photos, all of them validation, where tau 0.5 is the only choice.
    known = pd.DataFrame({"sha256": range(6), "split": ["train"] * 3 + ["val"] * 3, "class_id": [0, 1, 2] * 2})
    frames = [known.assign(probabilities=list(rows)) for rows in each]
    joined = joining.join(frames, [cards[0] | {"taus": [0.5]}, cards[1]]).probabilities
    served = predictor.Predictor(folder)
    np.testing.assert_allclose(served.raw(inputs), joined, atol=1e-6)
    # At temperature 2, probabilities are as their square roots.
    expected = np.sqrt(joined) / np.sqrt(joined).sum(axis=1, keepdims=True)
    answer = served.predict(inputs)
    np.testing.assert_allclose(answer[LABELS].to_numpy(), expected, atol=1e-6)
    assert list(answer["answered"]) == list(expected.max(axis=1) >= 0.5)
