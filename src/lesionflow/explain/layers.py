"""Candidate layers for CAM and how their outputs become maps, read from the network's own structure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lesionflow import seeding
from lesionflow.errors import LesionflowError

Reshape = Callable[[Tensor], Tensor]
COARSEST = 4
"""A map with fewer cells on a side shows nothing."""
DEPTH = 2
"""Blocks and stages lie at most this deep in timm's networks (layer4.2, blocks.11); below are their inner parts."""
RAW = (nn.Conv2d, nn.Linear)
"""What these give has not passed its normalisation yet."""


@dataclass(frozen=True)
class Layer:
    """A module with a spatial output, and what takes that output to (B, channels, height, width)."""

    name: str
    module: nn.Module
    reshape: Reshape


def candidates(network: nn.Module, input_size: int, *, count: int) -> list[Layer]:
    """Up to `count` layers with different outputs, from the last one backwards.

    Raises
    ------
    LesionflowError : no module has a spatial output.
    """
    prefix = int(getattr(network, "num_prefix_tokens", 0))
    found: list[Layer] = []
    taken: list[Tensor] = []
    for name, module, output in reversed(list(_outputs(network, input_size))):
        reshape = _reshape(output.shape, prefix)
        # A stage gives what its last block gives; one of the two is enough.
        if reshape is not None and not any(_same(output, other) for other in taken) and len(found) < count:
            found.append(Layer(name, module, reshape))
            taken.append(output)
    if not found:
        raise LesionflowError(
            f"explain: {type(network).__name__} has no spatial map",
            expected="a layer whose output is a grid, or tokens on a grid",
            remedy="Leave this model out of `active` in params.yaml.",
        )
    return found


def _outputs(network: nn.Module, input_size: int) -> Iterator[tuple[str, nn.Module, Tensor]]:
    """Name, module and output of the blocks and stages, in the order in which they finish."""
    seen: list[tuple[str, nn.Module, Tensor]] = []
    hooks = [
        module.register_forward_hook(_noting(seen, name))
        for name, module in network.named_modules()
        if name and name.count(".") < DEPTH and not isinstance(module, RAW)
    ]
    noise = torch.Generator().manual_seed(seeding.derive(0, "layers"))
    with torch.inference_mode():
        network(torch.randn(2, 3, input_size, input_size, generator=noise))
    for hook in hooks:
        hook.remove()
    yield from seen


def _noting(seen: list[tuple[str, nn.Module, Tensor]], name: str) -> Callable[[nn.Module, object, object], None]:
    def note(module: nn.Module, _: object, output: object) -> None:
        if isinstance(output, Tensor):
            seen.append((name, module, output))

    return note


def _same(first: Tensor, second: Tensor) -> bool:
    return first.shape == second.shape and torch.equal(first, second)


def _reshape(shape: torch.Size, prefix: int) -> Reshape | None:
    """How an output of this shape becomes (B, C, H, W); None when it is no map.

    Of four dimensions, the channels are those beside the square grid. Three are tokens, of which `prefix` stand before
    the grid's. Swin's windows fold the grid into the batch, and so fall out.
    """
    if shape[0] != 2:
        return None
    if len(shape) == 4 and shape[2] == shape[3] >= COARSEST and shape[1] != shape[2]:
        return _channels_are_first
    if len(shape) == 4 and shape[1] == shape[2] >= COARSEST:
        return _channels_are_last
    side = round(max(0, shape[1] - prefix) ** 0.5) if len(shape) == 3 else 0
    if side >= COARSEST and side * side == shape[1] - prefix:
        return _from_tokens(prefix, side)
    return None


def _channels_are_first(output: Tensor) -> Tensor:
    return output


def _channels_are_last(output: Tensor) -> Tensor:
    return output.permute(0, 3, 1, 2)


def _from_tokens(prefix: int, side: int) -> Reshape:
    def reshape(output: Tensor) -> Tensor:
        return output[:, prefix:].reshape(len(output), side, side, -1).permute(0, 3, 1, 2)

    return reshape
