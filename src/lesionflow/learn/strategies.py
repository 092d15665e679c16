"""What of a network is trained, at which rates: all of it, its last stages, or low-rank additions (LoRA).

What the stages are, the network says itself (timm's `group_matcher`), so that no strategy knows names of layers.
"""

from typing import Any

import torch
from timm.models import group_parameters
from timm.optim import (  # type: ignore[attr-defined]  # public, but timm re-exports without saying so
    create_optimizer_v2,
    param_groups_layer_decay,
    param_groups_weight_decay,
)
from torch import nn

from lesionflow import seeding
from lesionflow.errors import LesionflowError
from lesionflow.learn.finetune_settings import How, Strategy


def choose(network: nn.Module, strategy: Strategy, how: How, *, seed: int) -> None:
    """Let what the strategy trains require gradients, and nothing else; `lora` adds its matrices to the network.

    Raises
    ------
    LesionflowError : a strategy without a rate, or a network that does not say its stages, or has nothing to adapt.
    """
    if not how.rate or not how.head_rate:
        raise LesionflowError(
            f"params.yaml: ablation.how.{strategy}",
            got=f"rate {how.rate:g}, head_rate {how.head_rate:g}",
            expected="rates above 0; only strategy frozen trains no backbone",
        )
    network.requires_grad_(strategy in ("full", "lp_ft"))
    if strategy == "last":
        last = set(last_stages(network, how.stages))
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(name in last)
    elif strategy == "lora":
        _add_low_rank(network, how, seed=seed)


def last_stages(network: nn.Module, count: int) -> list[str]:
    """The parameters of the last `count` stages, as the network groups them; what follows the last one is part of it.

    Raises
    ------
    LesionflowError : the network does not say its stages, or has fewer.
    """
    of_stage = _stages(network)
    # Norms after the last stage are often groups of their own.
    with_weights = sorted(
        {of_stage[name] for name, one in network.named_parameters() if name in of_stage and one.ndim > 1}
    )
    if len(with_weights) < count:
        raise LesionflowError(
            f"{type(network).__name__}: its last {count} stages",
            got=f"{len(with_weights)} stages",
            expected="at least as many, named by timm's group_matcher",
            remedy="Lower ablation.how.last.stages in params.yaml, or leave strategy last out.",
        )
    return [name for name, stage in of_stage.items() if stage >= with_weights[-count]]


def _stages(network: Any) -> dict[str, int]:
    """The stage of each parameter, counted from 0 at the input."""
    if not hasattr(network, "group_matcher"):
        return {}
    found: dict[str, int] = group_parameters(network, network.group_matcher(coarse=True), reverse=True)
    return found


def _add_low_rank(network: nn.Module, how: How, *, seed: int) -> None:
    """LoRA (Hu et al. 2022) by peft, on every plain linear layer and ungrouped convolution.

    Grouped convolutions have too few weights a group for a low rank to save any, and a subclass may compute otherwise
    than its class (timm's Conv2dSame pads by itself).
    """
    from peft import LoraConfig, inject_adapter_in_model  # seconds to import, and no other strategy needs it

    plain = [
        name
        for name, layer in network.named_modules()
        if type(layer) is nn.Linear or (type(layer) is nn.Conv2d and layer.groups == 1)
    ]
    if not plain:
        raise LesionflowError(
            f"{type(network).__name__}: LoRA", got="no linear layer and no ungrouped convolution", expected="one"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.derive(seed, "lora"))
        inject_adapter_in_model(LoraConfig(r=how.rank, lora_alpha=int(how.alpha), target_modules=plain), network)


def optimiser(network: nn.Module, head: nn.Module, how: How, *, weight_decay: float) -> torch.optim.Optimizer:
    """AdamW on what requires gradients; decay on matrices only. Rates are peaks: timm's schedulers scale them.

    Stages further from the head learn slower (timm's layer-wise decay, after BEiT).
    """
    groups = param_groups_layer_decay(network, weight_decay, layer_decay=how.layer_decay)
    for group in groups:
        group["lr"] = how.rate
    groups += [group | {"lr": how.head_rate} for group in param_groups_weight_decay(head, weight_decay)]
    made: torch.optim.Optimizer = create_optimizer_v2(groups, "adamw", lr=how.rate, fused=True)
    return made
