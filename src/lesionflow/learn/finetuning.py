"""Training the backbone too: AdamW with layer-wise rates, warm-up and cosine, the best epoch on validation kept.

Head, preprocessing and class weights are those of the frozen path with the study's recipe: plain cross-entropy on the
whole photo. A training can be taken up after a kill, and then ends in the same bytes on the same machine.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch import Tensor, nn

from lesionflow import seeding
from lesionflow.errors import LesionflowError
from lesionflow.learn import augmentation, strategies, training
from lesionflow.learn.backbones import Backbone
from lesionflow.learn.checkpoints import Keeper, State
from lesionflow.learn.classifier import Classifier
from lesionflow.learn.determinism import deterministic, device
from lesionflow.learn.finetune_settings import FinetuneParams, How, Strategy
from lesionflow.learn.head import Features, Head, softmax
from lesionflow.learn.photo_batches import Batch, Photos, batches
from lesionflow.learn.preprocessing import Preprocess

NAMED = 3
"""Photos that an error names."""


class Way(NamedTuple):
    """What is trained and how, by which seed."""

    strategy: Strategy
    how: How
    settings: FinetuneParams
    seed: int


@dataclass(frozen=True)
class Tuned:
    """The classifier of the best epoch, and one row of losses and accuracies an epoch (columns as in `training`).

    Epochs count from 1; a best epoch 0 is the start of lp_ft, the head alone. The training figures are of the epoch's
    own batches, mirrored and with dropout: a pass of its own would cost a third more.
    """

    classifier: Classifier
    best_epoch: int
    history: pd.DataFrame


def finetune(
    backbone: Backbone,
    head: Head,
    train: Photos,
    val: Photos,
    labels: Sequence[str],
    way: Way,
    *,
    keeper: Keeper | None = None,
) -> Tuned:
    """Train a copy of backbone and head; the ones given stay as they are.

    Parameters
    ----------
    head : untrained, or trained on the frozen features for lp_ft (Kumar et al. 2022, "Fine-tuning can distort
        pretrained features"); only then the start itself may be the best epoch.
    keeper : keeps the state after each epoch, and gives back that of a training that was killed.

    Raises
    ------
    LesionflowError : a class without a photo in train or val, or a loss or gradient that is not finite; the message
        names the photos.
    """
    training.refuse_absent_classes({"train": train.class_ids, "val": val.class_ids}, labels)
    with deterministic(), torch.random.fork_rng():
        run = _Run(backbone, head, way, len(train.rows))
        state = keeper.load() if keeper else None
        state = run.first(val) if state is None else run.taken_up(state)
        while not _over(state, way.settings, len(train.rows)):
            run.epoch(state, train, val)
            if keeper:
                keeper.save(state)
    run.classifier.load_state_dict(state["best"])
    history = pd.DataFrame(state["history"], columns=training.HISTORY)
    return Tuned(run.classifier.eval(), state["best_epoch"], history)


def probabilities(classifier: Classifier, preprocess: Preprocess, photos: Photos, *, batch_size: int) -> Features:
    """Softmax probabilities (photos, classes), each row summing to 1."""
    with deterministic():
        logits = [_logits(classifier, preprocess, some.pixels) for some in batches(photos, batch_size)]
    return np.concatenate([np.empty((0, classifier.head.offset.numel()), np.float32), *map(softmax, logits)])


def _over(state: State, settings: FinetuneParams, photos: int) -> bool:
    """Whether the last epoch is done, or patience spent."""
    epoch = len(state["history"])
    return epoch >= settings.epochs(photos) or epoch - state["best_epoch"] >= settings.patience


def _on_device(preprocess: Preprocess, pixels: Tensor) -> Tensor:
    moved = pixels.to(device(), non_blocking=True)
    return preprocess.numbers(moved).contiguous(memory_format=torch.channels_last)


def _forward(classifier: nn.Module, photos: Tensor) -> Tensor:
    """Logits in float32; on a GPU the network runs in bfloat16."""
    with torch.autocast(photos.device.type, torch.bfloat16, enabled=photos.device.type == "cuda"):
        logits: Tensor = classifier(photos)
    return logits.float()


def _logits(classifier: Classifier, preprocess: Preprocess, pixels: Tensor) -> Tensor:
    with torch.inference_mode():
        return _forward(classifier, _on_device(preprocess, pixels))


class _Run:
    """One training: the classifier, what is trained of it, and the optimiser with its schedule."""

    def __init__(self, backbone: Backbone, head: Head, way: Way, count: int) -> None:
        self.settings, self.seed, self.starts_trained = way.settings, way.seed, way.strategy == "lp_ft"
        backbone, head = copy.deepcopy(backbone), copy.deepcopy(head).requires_grad_(True)
        self.preprocess = backbone.preprocess
        strategies.choose(backbone.network, way.strategy, way.how, seed=way.seed)
        self.classifier = Classifier(backbone, head).to(device()).to(memory_format=torch.channels_last)
        self.trained = [one for one in self.classifier.parameters() if one.requires_grad]
        self.moving_norm = count >= self.settings.norm_from
        self.optimiser = strategies.optimiser(backbone.network, head, way.how, weight_decay=self.settings.weight_decay)
        steps = self.settings.epochs(count) * self.settings.steps(count)
        warmup = math.ceil(self.settings.warmup * steps)
        self.schedule = CosineLRScheduler(self.optimiser, steps, warmup_t=warmup, warmup_prefix=True, t_in_epochs=False)

    def first(self, val: Photos) -> State:
        """The state before the first epoch."""
        loss = self._measured(val)["val_loss"] if self.starts_trained else math.inf
        return {"history": [], "best": self._weights(), "best_epoch": 0, "best_loss": loss}

    def taken_up(self, state: State) -> State:
        """Weights and optimiser as they were after the state's last epoch."""
        self.classifier.load_state_dict(state["weights"])
        self.optimiser.load_state_dict(state["optimiser"])
        return state

    def epoch(self, state: State, train: Photos, val: Photos) -> None:
        """Train for one epoch, measure, and bring the state up to date."""
        number = len(state["history"]) + 1
        row = {"epoch": number, **self._trained(train, number), **self._measured(val)}
        state["history"].append(row)
        weights = self._weights()
        if row["val_loss"] < state["best_loss"]:
            state |= {"best": weights, "best_epoch": number, "best_loss": row["val_loss"]}
        state |= {"weights": weights, "optimiser": self.optimiser.state_dict()}

    def _weights(self) -> dict[str, Tensor]:
        return copy.deepcopy(self.classifier.state_dict())

    def _trained(self, train: Photos, number: int) -> dict[str, float]:
        self._training_mode()
        # Streams of the epoch's own: a training that is taken up needs no state of a generator.
        torch.manual_seed(seeding.derive(self.seed, "finetune", number))
        order = seeding.generator(self.seed, "order", number).permutation(len(train.rows))
        first = (number - 1) * self.settings.steps(len(train.rows)) + 1
        loss = right = 0.0
        for step, batch in enumerate(batches(train, self.settings.batch_size, order), start=first):
            pixels = batch.pixels
            if self.settings.flips:
                pixels = augmentation.flipped(pixels, batch.names, epoch=number, seed=self.seed)
            self.schedule.step_update(step)
            losses, hits = self._step(batch._replace(pixels=pixels))
            loss, right = loss + losses, right + hits
        return {"train_loss": loss / len(order), "train_accuracy": right / len(order)}

    def _step(self, batch: Batch) -> tuple[float, int]:
        """One step of the optimiser; the sum of losses, and how many were right."""
        self.optimiser.zero_grad()
        logits = _forward(self.classifier, _on_device(self.preprocess, batch.pixels))
        truth = batch.class_ids.to(logits.device)
        losses = nn.functional.cross_entropy(logits, truth, reduction="none")
        _refuse_non_finite(losses.detach(), batch.names, "training loss")
        losses.mean().backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.trained, self.settings.clip)
        _refuse_non_finite(norm.expand(len(truth)), batch.names, "gradient")
        self.optimiser.step()
        return losses.detach().sum().item(), int((logits.argmax(dim=1) == truth).sum())

    def _training_mode(self) -> None:
        """Batch norms keep the statistics of pre-training, unless they are trained, and on many photos.

        A batch of few photos gives noisy means, and running averages that after few steps belong to neither data set.
        """
        self.classifier.train()
        for layer in self.classifier.modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                trained = all(one.requires_grad for one in layer.parameters())
                layer.train(self.moving_norm and trained)

    def _measured(self, val: Photos) -> dict[str, float]:
        self.classifier.eval()
        loss = right = 0.0
        for batch in batches(val, self.settings.batch_size):
            logits = _logits(self.classifier, self.preprocess, batch.pixels).cpu()
            losses = nn.functional.cross_entropy(logits, batch.class_ids, reduction="none")
            _refuse_non_finite(losses, batch.names, "val loss")
            loss, right = loss + losses.sum().item(), right + int((logits.argmax(dim=1) == batch.class_ids).sum())
        return {"val_loss": loss / len(val.rows), "val_accuracy": right / len(val.rows)}


def _refuse_non_finite(values: Tensor, names: Sequence[str], what: str) -> None:
    broken = (~torch.isfinite(values)).nonzero()[:, 0].tolist()
    if broken:
        named = ", ".join(names[place] for place in broken[:NAMED])
        more = f" and {len(broken) - NAMED} more of its batch" if len(broken) > NAMED else ""
        raise LesionflowError(
            f"fine-tuning: the {what} is not finite",
            got=f"{values[broken[0]].item()} at photo {named}{more}",
            expected="finite numbers",
            remedy="Look at the photo; of a whole batch, lower the rate of the strategy in params.yaml (ablation.how).",
        )
