"""From maps to features: the study's global average, other poolings, and earlier stages beside the last one."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from lesionflow.errors import LesionflowError

Pooling = Literal["avg", "max", "avg+max"]


def pooled(slug: str, network: nn.Module, kind: Pooling, depths: Sequence[int]) -> nn.Module:
    """The network with that pooling: itself for the study's, so that nothing changes where nothing is asked for.

    Parameters
    ----------
    depths : stages of timm's `forward_intermediates` counted from the end: -1 is the last one, -2 the one before.

    Raises
    ------
    LesionflowError : the network gives no intermediate maps, or has no such stage.
    """
    if kind == "avg" and not depths:
        return network
    if not hasattr(network, "forward_intermediates"):
        raise _impossible(slug, f"{type(network).__name__} gives no intermediate maps")
    stages = len(getattr(network, "feature_info", None) or getattr(network, "blocks", None) or ())
    if any(-depth > stages for depth in depths):
        raise _impossible(slug, f"depths {list(depths)}, of a network of {stages} stages")
    return _Pooled(network, kind, depths).eval()


def _impossible(slug: str, got: str) -> LesionflowError:
    return LesionflowError(
        f"params.yaml: models.{slug}",
        got=got,
        expected="a pooling and depths that timm's forward_intermediates offers",
        remedy="Leave out pooling and depths to take the study's global average.",
    )


class _Pooled(nn.Module):
    """Photos (B, 3, H, W) to the network's average and further poolings (B, width), side by side."""

    def __init__(self, network: nn.Module, kind: Pooling, depths: Sequence[int]) -> None:
        super().__init__()
        self.network, self.kind, self.depths = network, kind, tuple(depths)

    def forward(self, photos: Tensor) -> Tensor:
        """Features of a batch."""
        network: Any = self.network
        last, maps = network.forward_intermediates(photos, output_fmt="NCHW")
        found = [] if self.kind == "max" else [network.forward_head(last, pre_logits=True)]
        if self.kind != "avg":
            found.append(self._largest(last))
        return torch.cat([*found, *(maps[depth].mean(dim=(2, 3)) for depth in self.depths)], dim=1)

    def _largest(self, last: Tensor) -> Tensor:
        """The maximum over the places of the last map, which timm gives as tokens, channels first or channels last."""
        network: Any = self.network
        if last.ndim == 3:
            return last[:, getattr(network, "num_prefix_tokens", 0) :].amax(dim=1)
        return last.amax(dim=(2, 3) if last.shape[1] == network.num_features else (1, 2))
