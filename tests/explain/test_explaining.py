import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch

from lesionflow import images, tables
from lesionflow.errors import LesionflowError
from lesionflow.evaluate import predictions
from lesionflow.explain.explaining import Explainer
from lesionflow.explain.settings import ExplainParams
from lesionflow.images import StoredPhoto, decode
from lesionflow.learn import clinical, photo_views
from lesionflow.learn.classifier import Classifier
from lesionflow.learn.head import Head
from lesionflow.learn.head_inputs import Inputs
from tests.explain.conftest import LABELS

GALLERY = {"right": 1, "wrong": 1, "uncertain": 1, "confusions": 2, "of_each": 1, "expected": [["acne", "eczema"]]}
SETTINGS = ExplainParams.model_validate(
    {
        "methods": ["gradcam", "layercam"],
        "layers": 2,
        "probes": 3,
        "photos": 4,
        "steps": 2,
        "artefact_photos": 2,
        "artefact_severity": 3,
        "gallery": GALLERY,
    }
)


def traits(names, **known):
    """Table traits of these photos; what is not given is not known."""
    columns = [name for name in tables.TRAITS.columns if name != "sha256"]
    return pd.DataFrame({"sha256": list(names)}).assign(**dict.fromkeys(columns, None) | known)


def answers(classifier, backbone, photos, split, told=None):
    """Table predictions, by the classifier itself."""
    views = [
        photo_views.tensors(decode(photos[name].read()), backbone.preprocess, ["full", "zoom"])
        for name in split["sha256"]
    ]
    return predictions.table(split, classifier.probabilities(torch.stack(views), told), LABELS, model="tiny-tuned")


@pytest.fixture
def explainer(tiny, zooming, lesions, split):
    def make(masks=None, table=None, classifier=zooming, told=None, **changes):
        said = answers(zooming, tiny, lesions[0], split) if table is None else table
        settings = SETTINGS.model_copy(update=changes)
        known = lesions[1] if masks is None else masks
        told = traits(lesions[0]) if told is None else told
        return Explainer(tiny, classifier, LABELS, said, lesions[0], known, told, settings, seed=1)

    return make


def test_all_is_measured_shown_and_recorded(explainer, tmp_path):
    found = explainer().explain(tmp_path / "gallery", name="tiny-tuned")
    # 4 photos, each with maps of two methods and two baselines.
    assert len(found.scores) == 16
    assert set(found.scores["method"]) == {"gradcam", "layercam", "random", "centre"}
    tables.write(found.scores, tmp_path / "scores.parquet", tables.MAP_SCORES)
    tables.write(found.artefacts, tmp_path / "artefacts.parquet", tables.ARTEFACT_MAPS)
    clear = found.scores[~found.scores["blank"]]
    assert clear["energy"].between(0, 1).all()
    assert clear.loc[clear["method"].isin(["gradcam", "layercam"]), "road"].notna().all()
    assert found.told["method"] in ("gradcam", "layercam")
    assert found.told["target_layer"] in found.told["layer_scores"]
    assert (found.told["view"], found.told["held_constant"]) == ("full", "zoom")
    assert set(found.artefacts["corruption"]) <= {"ruler", "watermark", "pen", "hair", "gel", "border", "vignette"}
    index = json.loads((tmp_path / "gallery/index.json").read_text())
    named = {item[key] for item in [*index["items"], *index["more"]] for key in ("photo", "overlay")}
    assert named <= {path.name for path in (tmp_path / "gallery").iterdir()}
    assert all(item["outlined"] for item in index["items"])


def test_each_photo_is_decoded_once(explainer, lesions, tmp_path, monkeypatch):
    decoded, decode_ = Counter(), images.decode

    def counting(content, **how):
        decoded[content] += 1
        return decode_(content, **how)

    made = explainer(artefact_photos=4)  # every photo on which maps are measured is drawn into as well
    monkeypatch.setattr(images, "decode", counting)
    made.explain(tmp_path / "gallery", name="tiny-tuned")
    counts = [decoded[photo.read()] for photo in lesions[0].values()]
    assert max(counts) == 1
    assert sum(counts) > 4


def test_the_same_is_found_again(explainer, tmp_path):
    first, second = (explainer().explain(tmp_path / name, name="tiny-tuned") for name in ("one", "two"))
    assert first.told == second.told
    assert first.scores.equals(second.scores)
    assert first.artefacts.equals(second.artefacts)
    contents = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two")]
    assert contents[0] == contents[1]


def test_without_masks_localisation_is_missing_and_nothing_is_outlined(explainer, tmp_path):
    found = explainer(masks={}).explain(tmp_path / "gallery", name="tiny-tuned")
    assert found.scores[["pointing", "energy", "iou", "lesion"]].isna().all(axis=None)
    assert not any(item["outlined"] for item in json.loads((tmp_path / "gallery/index.json").read_text())["items"])


def test_masks_that_do_not_fit_are_counted_once_each(explainer, lesions, tmp_path):
    broken = {}
    for name in lesions[1]:
        path = tmp_path / f"{name}.png"
        path.write_bytes(b"no picture")
        broken[name] = StoredPhoto(name, path, 0, 10)
    found = explainer(masks=broken).explain(tmp_path / "gallery", name="tiny-tuned")
    assert set(found.told["masks_not_used"]) == {"unreadable"}
    assert found.told["masks_not_used"]["unreadable"] <= len(broken)


def test_another_model_than_the_measured_one_is_refused(explainer, zooming, tiny, lesions, split, tmp_path):
    table = answers(zooming, tiny, lesions[0], split)
    table["probabilities"] = [np.roll(row, 1) for row in table["probabilities"]]
    with pytest.raises(LesionflowError, match="does not give the predictions that were measured"):
        explainer(table=table).explain(tmp_path / "gallery", name="tiny-tuned")


@pytest.mark.parametrize("knows", [True, False])
def test_a_classifier_that_looks_at_metadata_is_explained_with_that_of_each_photo(
    explainer, tiny, lesions, split, tmp_path, knows
):
    spec = {"age": {"mean": 50.0, "std": 1.0}}
    torch.manual_seed(5)
    reading = Classifier(tiny, Head(2 * tiny.width + 2, 8, 3, 0.4).eval(), Inputs(("full", "zoom"), clinical=spec))
    ages = traits(lesions[0], age=np.linspace(20, 80, len(lesions[0])))
    told = torch.from_numpy(clinical.encode(ages.set_index("sha256").loc[split["sha256"]], spec))
    explained = explainer(
        table=answers(reading, tiny, lesions[0], split, told), classifier=reading, told=ages if knows else None
    )
    if not knows:  # then other answers would be explained than those that were measured
        with pytest.raises(LesionflowError, match="does not give the predictions that were measured"):
            explained.explain(tmp_path / "gallery", name="tiny-tuned")
        return
    found = explained.explain(tmp_path / "gallery", name="tiny-tuned")
    assert found.told["held_constant"] == "zoom, age"
    assert len(found.scores) == 16
