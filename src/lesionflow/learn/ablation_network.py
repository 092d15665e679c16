"""The network that all cells of the ablation start from."""

from pydantic import PositiveInt

from lesionflow.learn import backbones
from lesionflow.learn.backbones import Backbone, BackboneParams
from lesionflow.params import Section


class NetworkParams(Section):
    """The slug of the backbone of all cells, and a photo size other than the checkpoint's (pixels)."""

    model: str
    input_size: PositiveInt | None = None


def load(network: NetworkParams, settings: BackboneParams) -> Backbone:
    """The network of all cells, at its checkpoint's photo size or at the one asked for."""
    size = network.input_size or settings.input_size
    return backbones.load(network.model, settings.model_copy(update={"input_size": size}))
