import pytest
import torch
from torch import nn

from lesionflow.errors import LesionflowError
from lesionflow.learn import backbones, strategies
from lesionflow.learn.finetune_settings import How, strategy

HOW = How(rate=0.01, head_rate=0.1, layer_decay=0.5, stages=1, rank=2, alpha=4)


def trained(network: nn.Module) -> set[str]:
    return {name for name, one in network.named_parameters() if one.requires_grad}


def test_full_trains_everything(backbone):
    for name in ("full", "lp_ft"):
        strategies.choose(backbone.network, name, HOW, seed=0)
        assert trained(backbone.network) == set(dict(backbone.network.named_parameters()))


# The last stage of each architecture, by what timm's own networks call it, and what follows it.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test_resnet.r160_in1k", ("layer4.",)),
        ("test_efficientnet.r160_in1k", ("blocks.4.", "conv_head", "bn2")),
        ("test_vit.r160_in1k", ("blocks.5.", "norm.", "fc_norm.")),
        ("test_convnext.r160_in1k", ("stages.3.", "norm_pre.", "head.")),
    ],
)
def test_the_last_stage_is_the_networks_own(make_params, name, expected):
    network = backbones.load("tiny", make_params(name)).network
    strategies.choose(network, "last", HOW, seed=0)
    assert trained(network) == {one for one, _ in network.named_parameters() if one.startswith(expected)} != set()


def test_two_stages_hold_the_one_before(backbone):
    strategies.choose(backbone.network, "last", HOW.model_copy(update={"stages": 2}), seed=0)
    assert {name.split(".")[0] for name in trained(backbone.network)} == {"layer3", "layer4"}


@pytest.mark.parametrize("network", [nn.Linear(2, 2), None])
def test_too_few_stages_are_told(backbone, network):
    stages = 9 if network is None else 1
    with pytest.raises(LesionflowError, match=f"its last {stages} stages"):
        strategies.last_stages(network or backbone.network, stages)


@pytest.mark.parametrize("name", ["test_efficientnet.r160_in1k", "test_vit.r160_in1k"])
def test_low_rank_additions_change_nothing_at_first_and_are_all_that_is_trained(make_params, name):
    made = backbones.load("tiny", make_params(name))
    photos = torch.randn(2, 3, made.input_size, made.input_size, generator=torch.Generator().manual_seed(0))
    before = made.pooled(photos)
    strategies.choose(made.network, "lora", HOW, seed=0)
    # The second matrix of each addition starts at zero.
    torch.testing.assert_close(made.pooled(photos), before)
    names = trained(made.network)
    assert names
    assert all("lora_" in one for one in names)


def test_low_rank_additions_come_from_the_seed(make_params):
    made = []
    for seed in (1, 1, 2):
        network = backbones.load("tiny", make_params("test_vit.r160_in1k")).network
        strategies.choose(network, "lora", HOW, seed=seed)
        made.append([one.detach().clone() for one in network.parameters() if one.requires_grad])
    assert all(torch.equal(*pair) for pair in zip(made[0], made[1], strict=True))
    assert not all(torch.equal(*pair) for pair in zip(made[0], made[2], strict=True))


class Grouped(nn.Module):
    """timm's way of padding, and a depthwise convolution: neither is adapted."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(4, 4, 3, groups=4)


def test_a_network_without_anything_to_adapt_is_told():
    with pytest.raises(LesionflowError, match="no linear layer and no ungrouped convolution"):
        strategies.choose(Grouped(), "lora", HOW, seed=0)


def test_earlier_stages_learn_slower_and_biases_do_not_decay(backbone):
    strategies.choose(backbone.network, "full", HOW, seed=0)
    head = nn.Linear(4, 2)
    made = strategies.optimiser(backbone.network, head, HOW, weight_decay=0.05)
    of = {id(one): group for group in made.param_groups for one in group["params"]}
    assert len(of) == len([*backbone.network.parameters(), *head.parameters()])
    scales = {name: of[id(one)]["lr_scale"] for name, one in backbone.network.named_parameters()}
    # The deepest group of blocks has scale 1, or a power of layer_decay where a group without parameters follows.
    assert scales["layer1.0.conv1.weight"] < scales["layer4.0.conv1.weight"] <= 1
    assert scales["conv1.0.weight" if "conv1.0.weight" in scales else "conv1.weight"] < scales["layer1.0.conv1.weight"]
    assert (of[id(head.weight)]["lr"], of[id(head.weight)]["weight_decay"]) == (0.1, 0.05)
    assert (of[id(head.bias)]["lr"], of[id(head.bias)]["weight_decay"]) == (0.1, 0.0)


@pytest.mark.parametrize("how", [How(rate=0.0, head_rate=0.1), How(rate=0.1)])
def test_a_strategy_without_a_rate_is_refused(backbone, how):
    with pytest.raises(LesionflowError, match=r"^params\.yaml: ablation\.how\.full\n  got:      rate"):
        strategies.choose(backbone.network, "full", how, seed=0)


def test_an_unknown_strategy_is_refused():
    assert strategy("lp_ft") == "lp_ft"
    with pytest.raises(LesionflowError, match="expected: one of frozen, full, last, lp_ft, lora"):
        strategy("halfway")
