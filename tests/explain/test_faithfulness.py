import numpy as np
import pytest
import torch
from torch import nn

from lesionflow.explain import baselines, faithfulness, gradcam, sanity


class Corner(nn.Module):
    """The probability of class 0 is the mean light of the first channel's upper left quarter."""

    def forward(self, photos):
        light = photos[:, 0, :16, :16].mean((1, 2)).clamp(1e-4, 1 - 1e-4)
        return torch.stack([light.log(), (1 - light).log()], dim=1)


def photos():
    found = torch.zeros(2, 3, 32, 32)
    found[:, 0, :16, :16] = 1
    return found


def quarter(*, inside):
    found = np.zeros((2, 32, 32), dtype=np.float32)
    found[:, :16, :16] = 1
    return found if inside else 1 - found


def test_taking_away_what_counts_costs_confidence_and_bringing_it_back_restores_it():
    maps = {"true": quarter(inside=True), "false": quarter(inside=False)}
    found = faithfulness.curves(Corner(), photos(), [0, 0], maps, steps=4)
    # The middle of the lit quarter blurs into itself; only its edges darken.
    assert (found["true"]["drop"] > found["false"]["drop"] + 0.03).all()
    assert (found["true"]["deletion"] < found["false"]["deletion"]).all()
    assert (found["true"]["insertion"] > found["false"]["insertion"]).all()


def test_areas_under_the_curves_are_those_of_a_hand_made_one():
    # Nothing of this photo counts: the probability is 1/2 throughout, and so are both areas.
    class Even(nn.Module):
        def forward(self, photos):
            return torch.zeros(len(photos), 2)

    found = faithfulness.curves(Even(), photos(), [0, 1], {"one": quarter(inside=True)}, steps=3)["one"]
    np.testing.assert_allclose(found["deletion"], 0.5)
    np.testing.assert_allclose(found["insertion"], 0.5)
    np.testing.assert_allclose(found["drop"], 0)


def test_road_tells_a_true_map_from_its_opposite_and_repeats_itself():
    true = faithfulness.road(Corner(), photos(), [0, 0], quarter(inside=True), seed=1)
    false = faithfulness.road(Corner(), photos(), [0, 0], quarter(inside=False), seed=1)
    assert (true >= false).all()
    again = faithfulness.road(Corner(), photos(), [0, 0], quarter(inside=True), seed=1)
    assert np.array_equal(true, again)


def test_road_fills_in_a_fifth_of_a_map_that_is_mostly_zero():
    counted = []

    class Counting(nn.Module):
        def forward(self, batch):
            counted.append(float((batch[0] != photo[0]).any(dim=0).float().mean()))
            return torch.zeros(len(batch), 2)

    photo = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    peak = np.zeros((1, 32, 32), dtype=np.float32)
    peak[0, :4, :4] = 1
    faithfulness.road(Counting(), photo, [0], peak, seed=1)
    assert counted == [pytest.approx(0.2, abs=0.01)] * 2


def test_the_top_is_always_of_the_same_size():
    even = np.zeros((1, 10, 10), dtype=np.float32)
    assert int(gradcam.top(even, 0.2).sum()) == 20
    peak = even.copy()
    peak[0, 9, 9] = 1
    assert bool(gradcam.top(peak, 0.01)[0, 0, 9, 9])


def test_likeness_is_rank_correlation():
    ramp = np.arange(32 * 32, dtype=np.float32).reshape(1, 32, 32)
    both = np.concatenate([ramp, ramp])
    other = np.concatenate([ramp**2, -ramp])
    # The same order gives 1, the opposite one -1; a constant map has none.
    np.testing.assert_allclose(faithfulness.likeness(both, other), [1, -1], atol=1e-6)
    assert faithfulness.likeness(ramp, np.ones_like(ramp)).tolist() == [0]


def test_a_random_head_is_random_inside_the_block_and_itself_afterwards():
    head = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    before = [parameter.clone() for parameter in head.parameters()]
    with sanity.random_head(head, seed=1):
        inside = [parameter.clone() for parameter in head.parameters()]
    assert not any(torch.equal(one, other) for one, other in zip(before, inside, strict=True))
    assert all(torch.equal(one, other) for one, other in zip(before, head.parameters(), strict=True))


def test_random_maps_depend_on_the_photo_and_the_seed_alone():
    first, second = (baselines.random_maps(names, 14, seed=1) for names in (["a", "b"], ["b"]))
    assert np.array_equal(first[1], second[0])
    assert not np.array_equal(first[0], first[1])
    # 7 cells on 14 pixels: each is 2 x 2.
    assert (first[0, :2, :2] == first[0, 0, 0]).all()
    assert len(baselines.random_maps([], 14, seed=1)) == 0


@pytest.mark.parametrize("area", [0.05, 0.3])
def test_a_centred_blob_is_as_large_as_the_lesion(area):
    blob = baselines.centred(np.array([area]), 101)[0]
    assert blob.argmax() == 50 * 101 + 50
    # At half of its height it covers the area of the lesion.
    assert (blob >= 0.5).mean() == pytest.approx(area, abs=0.005)
