import pytest
import torch
from torch import nn

from lesionflow.errors import LesionflowError
from lesionflow.explain import layers


class Grid(nn.Module):
    """Three stages of 8 x 8, 4 x 4 and 4 x 4, then pooling; the last two are one output under two names."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 5, 4, stride=4), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(5, 6, 2, stride=2), nn.ReLU())
        self.same = nn.Identity()

    def forward(self, photos):
        return self.same(self.second(self.first(photos))).mean((2, 3))


class Flat(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Flatten()

    def forward(self, photos):
        return self.inner(photos)


def test_candidates_go_backwards_and_name_no_output_twice():
    found = layers.candidates(Grid(), 32, count=3)
    # same = second = second.1; before them first = first.1. Convolutions are not candidates.
    assert [layer.name for layer in found] == ["same", "first"]


def test_a_network_without_a_map_is_an_error():
    with pytest.raises(LesionflowError, match="Flat has no spatial map"):
        layers.candidates(Flat(), 8, count=3)


@pytest.mark.parametrize(
    ("shape", "prefix", "expected"),
    [
        ((2, 64, 7, 7), 0, (2, 64, 7, 7)),  # CNN
        ((2, 7, 7, 64), 0, (2, 64, 7, 7)),  # Swin
        ((2, 197, 64), 1, (2, 64, 14, 14)),  # ViT: 196 = 14 x 14 tokens after the class token
    ],
)
def test_outputs_become_grids_with_channels_first(shape, prefix, expected):
    reshape = layers._reshape(torch.Size(shape), prefix)
    assert reshape(torch.zeros(shape)).shape == expected


@pytest.mark.parametrize("shape", [(128, 49, 64), (2, 64), (2, 64, 1, 1), (2, 195, 64)])
def test_outputs_without_a_grid_are_passed_over(shape):
    assert layers._reshape(torch.Size(shape), 1) is None


def test_tokens_keep_their_place():
    # Token 1 + 2 * 4 + 3 stands in row 2, column 3 of a 4 x 4 grid after one prefix token.
    tokens = torch.zeros(2, 17, 1)
    tokens[0, 12] = 5.0
    assert layers._reshape(tokens.shape, 1)(tokens)[0, 0, 2, 3] == 5.0
