"""Candidate layers for CAM and how their outputs become maps, read from the network's own structure."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lesionflow.errors import LesionflowError

Reshape = Callable[[Tensor], Tensor]
COARSEST = 4
"""A map with fewer cells on a side shows nothing."""


@dataclass(frozen=True)
class Layer:
    """A module with a spatial output, and what takes that output to (B, channels, height, width)."""

    name: str
    module: nn.Module
    reshape: Reshape


def candidates(network: nn.Module, input_size: int, *, count: int) -> list[Layer]:
    """Up to `count` layers from the end of the network backwards, each with another module path of depth one.

    The last layer of each block is taken: blocks, not their inner parts, are what CAM papers explain.

    Raises
    ------
    LesionflowError : no module has a spatial output.
    """
    outputs = _outputs(network, input_size)
    prefix = int(getattr(network, "num_prefix_tokens", 0))
    found: dict[str, Layer] = {}
    for name, module, shape, width in reversed(outputs):
        reshape = _reshape(shape, width, prefix)
        block = ".".join(name.split(".")[:2])
        if reshape is not None and block not in found and len(found) < count:
            found[block] = Layer(name, module, reshape)
    if not found:
        raise LesionflowError(
            f"explain: {type(network).__name__} has no spatial map",
            expected="a layer whose output is a grid or tokens on a grid",
            remedy="Leave this model out of `active` in params.yaml.",
        )
    return list(found.values())


def _outputs(network: nn.Module, input_size: int) -> list[tuple[str, nn.Module, torch.Size, int]]:
    """Name, module, output shape and width of every module, in the order in which they finish."""
    seen: list[tuple[str, nn.Module, torch.Size, int]] = []
    hooks = []
    for name, module in network.named_modules():

        def note(module: nn.Module, _: object, output: object, name: str = name) -> None:
            if name and isinstance(output, Tensor):
                seen.append((name, module, output.shape, 0))

        hooks.append(module.register_forward_hook(note))
    with torch.inference_mode():
        pooled = network(torch.zeros(2, 3, input_size, input_size))
    for hook in hooks:
        hook.remove()
    return [(name, module, shape, pooled.shape[1]) for name, module, shape, _ in seen]


def _reshape(shape: torch.Size, width: int, prefix: int) -> Reshape | None:
    """How an output of this shape becomes (B, C, H, W); None when it is no map.

    Of four dimensions, the channels are the ones that are not part of a square grid.
    """
    if shape[0] != 2:  # windows of Swin fold the grid into the batch
        return None
    if len(shape) == 4 and shape[2] == shape[3] and shape[2] >= COARSEST and shape[1] != shape[2]:
        return _as_is
    if len(shape) == 4 and shape[1] == shape[2] and shape[1] >= COARSEST:
        return _channels_first
    tokens = shape[1] - prefix if len(shape) == 3 else 0
    side = round(tokens**0.5)
    if tokens and side * side == tokens and side >= COARSEST and shape[2] == width:
        return _from_tokens(prefix, side)
    return None


def _as_is(output: Tensor) -> Tensor:
    return output


def _channels_first(output: Tensor) -> Tensor:
    return output.permute(0, 3, 1, 2)


def _from_tokens(prefix: int, side: int) -> Reshape:
    def reshape(output: Tensor) -> Tensor:
        grid = output[:, prefix:].reshape(len(output), side, side, -1)
        return grid.permute(0, 3, 1, 2)

    return reshape
