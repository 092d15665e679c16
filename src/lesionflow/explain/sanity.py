"""Adebayo et al. 2018, "Sanity checks for saliency maps": with random weights in the head, maps must change."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from lesionflow import seeding


@contextmanager
def random_head(head: nn.Module, *, seed: int) -> Iterator[None]:
    """Within the block, the head's layers have the weights that they would start training with."""
    before = copy.deepcopy(head.state_dict())
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeding.derive(seed, "random head"))
            for module in head.modules():
                if isinstance(module, nn.Linear):
                    module.reset_parameters()
        yield
    finally:
        head.load_state_dict(before)
