import hashlib

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from lesionflow.errors import LesionflowError
from lesionflow.learn import backbones, finetuning, weights
from lesionflow.learn.checkpoints import Keeper
from lesionflow.learn.finetune_settings import FinetuneParams, How
from lesionflow.learn.finetuning import Way
from lesionflow.learn.head import Head
from lesionflow.learn.photo_batches import Photos
from tests.learn.coloured_photos import LABELS, SIZE, photos

HOW = How(rate=0.003, head_rate=0.01, layer_decay=0.9, stages=1, rank=2, alpha=4)
SETTINGS = FinetuneParams(
    batch_size=8,
    max_epochs=3,
    min_steps=0,
    patience=3,
    warmup=0.1,
    weight_decay=0.01,
    clip=1.0,
    flips=True,
    norm_from=9999,
)


@pytest.fixture
def tiny(make_params):
    return backbones.load("tiny", make_params("test_efficientnet.r160_in1k", input_size=SIZE))


TRAIN, VAL = photos(30, 0), photos(12, 1)


def head(backbone, seed: int = 0) -> Head:
    torch.manual_seed(seed)
    return Head(backbone.width, 16, 3, 0.2)


def way(strategy: str = "full", *, seed: int = 0, how: How = HOW, **changes: object) -> Way:
    return Way(strategy, how, SETTINGS.model_copy(update=changes), seed)


def finetune(backbone, of: Way, train: Photos = TRAIN, val: Photos = VAL, keeper: Keeper | None = None):
    return finetuning.finetune(backbone, head(backbone), train, val, LABELS, of, keeper=keeper)


def digest(tuned: finetuning.Tuned) -> str:
    return weights.digest(tuned.classifier) + hashlib.sha256(tuned.history.to_csv().encode()).hexdigest()


@pytest.mark.parametrize("strategy", ["full", "last", "lp_ft", "lora"])
def test_each_strategy_learns_and_leaves_the_backbone_as_it_was(tiny, strategy):
    before = weights.digest(tiny.network)
    tuned = finetune(tiny, way(strategy, max_epochs=8, patience=8))
    assert tuned.history["train_loss"].iloc[-1] < 0.7 * tuned.history["train_loss"].iloc[0]
    assert weights.digest(tiny.network) == before
    assert not any(one.requires_grad for one in tiny.network.parameters())
    assert len(tuned.history) == 8


def test_what_a_strategy_does_not_train_stays(tiny):
    made = finetune(tiny, way("last"))
    before = tiny.network.state_dict()
    changed = {
        name.split(".")[0]
        for name, one in made.classifier.network.state_dict().items()
        if not torch.equal(one, before[name])
    }
    # The last stage and what follows it; batch norms of few photos keep their statistics.
    assert changed == {"blocks", "conv_head", "bn2"}
    blocks = {
        name.split(".")[1]
        for name, one in made.classifier.network.blocks.state_dict(prefix="blocks.").items()
        if not torch.equal(one, before[name])
    }
    assert blocks == {"4"}


def statistics(network: nn.Module) -> list[torch.Tensor]:
    return [one for name, one in network.state_dict().items() if "running" in name]


@pytest.mark.parametrize(("norm_from", "moves"), [(31, False), (30, True)])
def test_batch_norms_learn_statistics_from_as_many_photos_as_asked(tiny, norm_from, moves):
    made = finetune(tiny, way(max_epochs=1, norm_from=norm_from))
    pairs = zip(statistics(made.classifier.network), statistics(tiny.network), strict=True)
    assert any(not torch.equal(*pair) for pair in pairs) == moves


def test_batch_norms_that_are_not_trained_never_move(tiny):
    made = finetune(tiny, way("lora", max_epochs=1, norm_from=0))
    pairs = zip(statistics(made.classifier.network), statistics(tiny.network), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)


def test_the_best_epoch_is_kept_and_its_measures_are_those_of_the_history(tiny):
    tuned = finetune(tiny, way(max_epochs=6, patience=6))
    row = tuned.history.set_index("epoch").loc[tuned.best_epoch]
    assert row["val_loss"] == tuned.history["val_loss"].min()
    found = finetuning.probabilities(tuned.classifier, tiny.preprocess, VAL, batch_size=5)
    # Cross-entropy: the mean of -ln p(truth).
    assert -np.log(found[np.arange(12), VAL.class_ids]).mean() == pytest.approx(row["val_loss"], abs=1e-4)
    assert (found.argmax(axis=1) == VAL.class_ids).mean() == pytest.approx(row["val_accuracy"])
    assert found.sum(axis=1) == pytest.approx(np.ones(12), abs=1e-6)


# Steps too small to change a float32: no epoch is better than the first, or than a trained head's start.
STILL = HOW.model_copy(update={"rate": 1e-30, "head_rate": 1e-30})


@pytest.mark.parametrize(("strategy", "best", "epochs"), [("full", 1, 3), ("lp_ft", 0, 2)])
def test_training_stops_when_patience_is_spent_and_a_trained_head_may_be_the_best(tiny, strategy, best, epochs):
    tuned = finetune(tiny, way(strategy, how=STILL, max_epochs=9, patience=2))
    assert (tuned.best_epoch, len(tuned.history)) == (best, epochs)


def test_one_seed_gives_one_result_and_another_seed_another(tiny):
    made = []
    for seed in (4, 4, 5):
        torch.manual_seed(len(made))  # the caller's random state plays no part
        made.append(digest(finetuning.finetune(tiny, head(tiny), TRAIN, VAL, LABELS, way(max_epochs=2, seed=seed))))
    assert made[0] == made[1] != made[2]


class KilledError(Exception):
    """Stands for a kill: nothing of the training survives it but the file."""


class Mortal(Keeper):
    """Ends the training right after the state of some epoch was saved."""

    def __init__(self, path, key, epoch: int) -> None:
        super().__init__(path, key)
        self.epoch = epoch

    def save(self, state):
        super().save(state)
        if len(state["history"]) == self.epoch:
            raise KilledError


@pytest.mark.parametrize("strategy", ["full", "last", "lp_ft", "lora"])
@pytest.mark.parametrize("epoch", [1, 3])
def test_a_training_killed_after_an_epoch_and_taken_up_ends_as_if_it_had_not_been(tiny, tmp_path, strategy, epoch):
    whole = finetune(tiny, way(strategy))
    with pytest.raises(KilledError):
        finetune(tiny, way(strategy), keeper=Mortal(tmp_path / "state.pt", "key", epoch))
    resumed = finetune(tiny, way(strategy), keeper=Keeper(tmp_path / "state.pt", "key"))
    assert digest(resumed) == digest(whole)
    pd.testing.assert_frame_equal(resumed.history, whole.history)


class Spoilt(nn.Module):
    """Breaks on a photo whose first pixel is white."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures):
        white = pictures[:, 0, 0, 0] > 2
        return torch.where(white[:, None], torch.nan, self.network(pictures))


@pytest.mark.parametrize(("part", "what"), [("train", "training loss"), ("val", "val loss")])
def test_a_loss_that_is_not_finite_names_the_photo(tiny, part, what):
    pixels = {"train": TRAIN.pixels.copy(), "val": VAL.pixels.copy()}
    pixels[part][7, :, 0, 0] = 255
    object.__setattr__(tiny, "pooled", Spoilt(tiny.network))
    parts = {"train": TRAIN._replace(pixels=pixels["train"]), "val": VAL._replace(pixels=pixels["val"])}
    with pytest.raises(LesionflowError) as raised:
        finetune(tiny, way(flips=False), **parts)
    name = parts[part].names[7]
    assert str(raised.value).startswith(f"fine-tuning: the {what} is not finite\n  got:      nan at photo {name}\n")


def test_of_a_batch_that_is_broken_throughout_three_photos_are_named(tiny):
    tiny.network.conv_stem.weight.fill_(torch.nan)
    with pytest.raises(LesionflowError, match=r"nan at photo 0-\d+, 0-\d+, 0-\d+ and 5 more of its batch"):
        finetune(tiny, way())


@pytest.mark.parametrize("part", ["train", "val"])
def test_a_class_missing_from_train_or_val_is_named(tiny, part):
    parts = {"train": TRAIN, "val": VAL}
    parts[part] = parts[part]._replace(class_ids=parts[part].class_ids % 2)
    with pytest.raises(LesionflowError, match=f"^split {part}\n  got:      no photo of naevus"):
        finetune(tiny, way(), **parts)


def test_few_photos_get_more_epochs():
    # 30 photos are 4 batches of 8: 21 steps take 6 epochs.
    settings = SETTINGS.model_copy(update={"min_steps": 21})
    assert (settings.epochs(30), settings.epochs(800)) == (6, 3)
