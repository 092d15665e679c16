import json

import numpy as np
import pytest
import torch

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.learn import backbones, engines, features
from lesionflow.learn.features import FeaturesParams

CPU = torch.device("cpu")
FOUR = FeaturesParams(batch_size=4)


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine that remembers nothing yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/lesionflow"


@pytest.mark.parametrize("name", ["test_resnet.r160_in1k", "test_efficientnet.r160_in1k", "test_vit.r160_in1k"])
def test_engines_give_the_same_features(make_params, photos, name):
    backbone = backbones.load("tiny", make_params(name))
    one = features.extract(backbone, photos, FOUR)[:, 0]
    two = features.extract(backbone, photos, FOUR.model_copy(update={"engine": "onnx"}))[:, 0]
    assert engines.cosine(one, two) >= 0.9999
    assert np.array_equal(two, features.extract(backbone, photos, FOUR.model_copy(update={"engine": "onnx"}))[:, 0])


def test_photos_pass_by_as_many_at_once_as_the_engine_takes():
    seen = []

    def network(batch):
        seen.append(batch[:, 0, 0, 0].tolist())
        return batch[:, 0, 0].numpy()

    found = engines.Engine(network, 2)(torch.arange(1.0, 6.0)[:, None, None, None].expand(5, 3, 1, 1))
    assert seen == [[1, 2], [3, 4], [5, 0]]  # filled up
    assert found.tolist() == [[1], [2], [3], [4], [5]]


@pytest.mark.parametrize(
    ("name", "batch_size", "size"), [("torch", 32, 8), ("onnx", 32, 2), ("torch", 4, 4), ("onnx", 1, 1)]
)
def test_a_thread_of_a_cpu_passes_a_few_photos_at_once(backbone, name, batch_size, size):
    assert engines.build(name, backbone, batch_size=batch_size, device=CPU).size == size


def test_cosine_is_the_lowest_of_the_rows():
    # (3, 4) and (4, 3): 24 / 25.
    assert engines.cosine(np.float32([[1, 0], [3, 4]]), np.float32([[2, 0], [4, 3]])) == pytest.approx(0.96)
    assert np.isnan(engines.cosine(np.zeros((1, 2), np.float32), np.zeros((1, 2), np.float32)))


def test_features_that_differ_are_refused(backbone, monkeypatch):
    monkeypatch.setattr(engines, "COSINE", 1.1)
    with pytest.raises(
        LesionflowError, match=r"ONNX Runtime: tiny\n  got:      features whose cosine with torch's is "
    ):
        engines.build("onnx", backbone, batch_size=2, device=CPU)


def test_a_gpu_takes_torch_alone(backbone):
    with pytest.raises(LesionflowError, match="got:      onnx, on cuda"):
        engines.build("onnx", backbone, batch_size=2, device=torch.device("cuda"))
    assert engines.chosen("auto", backbone, batch_size=2, device=torch.device("cuda"), used=lambda _: False) == "torch"


@pytest.mark.parametrize(("rates", "found"), [((10.0, 30.0), "onnx"), ((30.0, 10.0), "torch"), ((10.0, 10.5), "torch")])
def test_a_machine_probes_once_and_stays_with_the_outcome(backbone, machine, monkeypatch, rates, found):
    given = iter([*rates, 1.0, 1.0])
    monkeypatch.setattr(engines, "rate", lambda *_: next(given))
    assert [engines.probed(backbone, batch_size=2) for _ in range(2)] == [found, found]
    assert next(given) == 1.0  # the second call measured nothing
    assert json.loads(next(machine.iterdir()).read_text())["engine"] == found


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"engine": "abacus"}', "\0"])
def test_a_damaged_memory_is_probed_anew(backbone, machine, monkeypatch, content):
    monkeypatch.setattr(engines, "_measured", lambda *_: ("onnx", {}))
    engines.probed(backbone, batch_size=2)
    next(machine.iterdir()).write_text(content)
    assert engines.probed(backbone, batch_size=2) == "onnx"


def test_where_nothing_can_be_kept_torch_is_taken(backbone, machine, monkeypatch):
    monkeypatch.setattr(engines, "_measured", lambda *_: ("onnx", {}))
    machine.parent.mkdir()
    machine.write_text("a file where the folder should be")
    assert engines.probed(backbone, batch_size=2) == "torch"


def test_persisted_features_keep_their_engine(backbone, photos, monkeypatch):
    monkeypatch.setattr(engines, "probed", lambda *_, **__: "torch")
    description, auto = backbone.describe(), FOUR.model_copy(update={"engine": "auto"})
    onnx = FOUR.model_copy(update={"engine": "onnx"})
    stored = {photo.sha256: photo for photo in photos[:2]}
    empty = features.with_cached(backbone, {}, tables.FEATURES.empty(), onnx, key="")
    assert features.settled(auto, backbone, description, empty).engine == "torch"
    cached = features.with_cached(backbone, stored, empty, onnx, key=features.cache_key(description, onnx))
    assert features.settled(auto, backbone, description, cached).engine == "onnx"
    assert features.cache_key(description, onnx) != features.cache_key(description, FOUR)
