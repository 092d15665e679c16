"""Fitting the head: Adam on cross-entropy, early stopping on validation, the best epoch kept (see recipes)."""

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from lesionflow import seeding
from lesionflow.errors import LesionflowError
from lesionflow.learn import discriminant, selection, signs
from lesionflow.learn.determinism import one_thread
from lesionflow.learn.head import Classes, Features, Head
from lesionflow.learn.recipes import Recipe

Schedule = torch.optim.lr_scheduler.LRScheduler
HISTORY = ["epoch", "train_loss", "val_loss", "train_accuracy", "val_accuracy"]
MEASURED = 500
"""Training photos that an epoch is measured on, at most: near 95 %, where a warning sign looks, its accuracy is then
known to a point (standard error), and measuring all of 20,000 would take a fifth of the training."""


class Examples(NamedTuple):
    """Features (photos, width) and their class ids (photos,)."""

    features: Features
    class_ids: Classes


@dataclass(frozen=True)
class Fit:
    """The head of the best epoch, counted from 1, and one row of losses and accuracies an epoch.

    Of several members, an epoch's row is their mean, and the best epoch the first member's; a discriminant has no
    epochs. An epoch's training figures are of up to `MEASURED` photos, evenly spaced in the table. `tau` is the
    adjustment after training, `val_score` what it was chosen for, `signs` are the study's warning signs, with the
    accuracy on all training photos.
    """

    head: Head
    best_epoch: int
    history: pd.DataFrame
    tau: float
    val_score: float
    signs: dict[str, Any]

    def card(self) -> dict[str, Any]:
        """What the head's card says of the training."""
        return {
            "best_epoch": self.best_epoch,
            "epochs": len(self.history),
            "tau": self.tau,
            "val_score": self.val_score,
            **self.signs,
        }


class _Member(NamedTuple):
    layers: nn.Module
    best_epoch: int
    history: pd.DataFrame


class _Data(NamedTuple):
    """Standardised features and class ids of train and val, and what the loss needs of the classes.

    `measured` are the rows of train on which epochs are measured.
    """

    train: tuple[Tensor, Tensor]
    measured: tuple[Tensor, Tensor]
    val: tuple[Tensor, Tensor]
    prior: Tensor
    weights: Tensor | None


def fit(train: Examples, val: Examples, labels: list[str], settings: Recipe, *, seed: int) -> Fit:
    """Train on `train`, stop and choose on `val`. The same inputs and seed give the same head.

    Raises
    ------
    LesionflowError : a class without a photo in train or val, or a loss that is not finite.
    """
    refuse_absent_classes({"train": train.class_ids, "val": val.class_ids}, labels)
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seeding.derive(seed, "head"))
        head = Head(train.features.shape[1], settings.hidden, len(labels), settings.dropout, members=settings.seeds)
        if settings.standardise:
            _standardise(head, torch.tensor(train.features))
        data = _data(head, train, val, len(labels), settings)
        members = [_member(layers, data, settings) for layers in head.members]
        if settings.discriminant is not None:
            head.discriminant = discriminant.fitted(data.train, data.val, shrinkage=settings.discriminant)
        return _chosen(head.eval(), members, train, val, labels, settings)


def class_photos(train: Examples, labels: list[str]) -> dict[str, int]:
    """Training photos of each class: what an adjustment after training was made of, and can be unmade of."""
    return dict(zip(labels, np.bincount(train.class_ids, minlength=len(labels)).tolist(), strict=True))


def _standardise(head: Head, features: Tensor) -> None:
    """Mean 0 and deviation 1 over the training photos; a feature that never changes is only centred."""
    spread = features.std(dim=0, correction=0)
    head.mean.copy_(features.mean(dim=0))
    head.scale.copy_(torch.where(spread > 0, spread, torch.ones_like(spread)))


def _data(head: Head, train: Examples, val: Examples, classes: int, settings: Recipe) -> _Data:
    prior = torch.from_numpy(selection.log_prior(train.class_ids, classes))
    weights = None
    if settings.weight_power:
        # Of mean 1 over the photos, so that the loss keeps its size.
        raw = (-settings.weight_power * prior.double()).exp()
        weights = (raw / (raw * prior.double().exp()).sum()).float()
    train_, val_ = (
        (head.standardised(torch.tensor(one.features)), torch.tensor(one.class_ids)) for one in (train, val)
    )
    every = math.ceil(len(train_[0]) / MEASURED)
    return _Data(train_, (train_[0][::every], train_[1][::every]), val_, prior, weights)


def _member(layers: nn.Module, data: _Data, settings: Recipe) -> _Member:
    optimiser = _optimiser(layers, settings)
    schedule = _schedule(optimiser, len(data.train[0]), settings)
    history: list[dict[str, float]] = []
    best, best_epoch, best_loss = layers.state_dict(), 0, float("inf")
    for epoch in range(1, settings.max_epochs + 1):
        _one_epoch(layers, data, optimiser, schedule, settings)
        row, logits = _measured(layers, data, settings)
        history.append({"epoch": epoch, **row})
        loss = row["val_loss"] if settings.keep == "val_loss" else -_score(logits, data, settings)
        if loss < best_loss:
            best, best_epoch, best_loss = copy.deepcopy(layers.state_dict()), epoch, loss
        elif epoch - best_epoch >= settings.patience:
            break
    layers.load_state_dict(best)
    return _Member(layers, best_epoch, pd.DataFrame(history, columns=HISTORY))


def _optimiser(layers: nn.Module, settings: Recipe) -> torch.optim.Optimizer:
    """Adam; with weight decay, AdamW's (Loshchilov and Hutter 2019), on weights and not on biases."""
    if not settings.weight_decay:
        return torch.optim.Adam(layers.parameters(), lr=settings.learning_rate, fused=True)
    weights = [one for one in layers.parameters() if one.ndim > 1]
    biases = [one for one in layers.parameters() if one.ndim == 1]
    groups = [{"params": weights, "weight_decay": settings.weight_decay}, {"params": biases, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def _schedule(optimiser: torch.optim.Optimizer, photos: int, settings: Recipe) -> Schedule | None:
    """Half a cosine of the learning rate, down to 0 in the last step; None for a constant one."""
    if settings.schedule == "constant":
        return None
    return torch.optim.lr_scheduler.CosineAnnealingLR(
        optimiser, settings.max_epochs * math.ceil(photos / settings.batch_size)
    )


def _one_epoch(
    layers: nn.Module,
    data: _Data,
    optimiser: torch.optim.Optimizer,
    schedule: Schedule | None,
    settings: Recipe,
) -> None:
    layers.train()
    features, class_ids = data.train
    for chosen in torch.split(torch.randperm(len(features)), settings.batch_size):
        optimiser.zero_grad()
        logits = layers(features[chosen])
        if settings.train_tau:  # Menon et al. 2021, 4.2
            logits = logits + settings.train_tau * data.prior
        loss = nn.functional.cross_entropy(
            logits, class_ids[chosen], weight=data.weights, label_smoothing=settings.label_smoothing
        )
        _refuse_non_finite(loss.item(), "training")
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if schedule is not None:
            schedule.step()


def _measured(layers: nn.Module, data: _Data, settings: Recipe) -> tuple[dict[str, float], Features]:
    """Loss and accuracy in eval mode, so that train and val are measured alike (no dropout), and val's logits."""
    layers.eval()
    row = {}
    with torch.inference_mode():
        for name, (features, class_ids) in (("train", data.measured), ("val", data.val)):
            logits = layers(features)
            shifted = logits + settings.train_tau * data.prior if settings.train_tau else logits
            row[f"{name}_loss"] = nn.functional.cross_entropy(shifted, class_ids).item()
            _refuse_non_finite(row[f"{name}_loss"], name)
            row[f"{name}_accuracy"] = (logits.argmax(dim=1) == class_ids).double().mean().item()
    return row, logits.numpy()


def _score(logits: Features, data: _Data, settings: Recipe) -> float:
    prior, actual = data.prior.numpy(), data.val[1].numpy()
    return selection.adjustment(logits, actual, prior, settings.taus, trade=settings.trade)[1]


def _chosen(
    head: Head, members: list[_Member], train: Examples, val: Examples, labels: list[str], settings: Recipe
) -> Fit:
    """The adjustment after training, chosen on validation for all members together, and what there is to say."""
    prior = selection.log_prior(train.class_ids, len(labels))
    logits = _logits(head, val)
    tau, score = selection.adjustment(logits, val.class_ids, prior, settings.taus, trade=settings.trade)
    head.offset.copy_(torch.from_numpy(selection.adjusted(np.zeros_like(prior), prior, tau)))
    history = pd.concat([one.history for one in members]).groupby("epoch", as_index=False).mean()[HISTORY]
    predicted = {name: _logits(head, part).argmax(axis=1) for name, part in (("train", train), ("val", val))}
    right = {"train": predicted["train"] == train.class_ids, "val": predicted["val"] == val.class_ids}
    found = signs.accuracies(train=float(right["train"].mean()), val=float(right["val"].mean()))
    found["memorising"] = signs.memorising(history)
    found["collapsed"] = signs.collapsed(train.class_ids, val.class_ids, predicted["val"], labels)
    return Fit(head, members[0].best_epoch, history, tau, round(score, 6), found)


def _logits(head: Head, examples: Examples) -> Features:
    with torch.inference_mode():
        return np.asarray(head(torch.tensor(examples.features)).numpy())


def _refuse_non_finite(loss: float, name: str) -> None:
    if not math.isfinite(loss):
        raise LesionflowError(
            f"head: the {name} loss is not finite",
            got=str(loss),
            expected="a finite number",
            remedy="Lower learning_rate of the recipe in params.yaml, and look at the features.",
        )


def refuse_absent_classes(parts: Mapping[str, Classes], labels: Sequence[str]) -> None:
    """Stop when a class has no photo in a part; `parts` are class ids by the part's name."""
    for name, class_ids in parts.items():
        present = set(class_ids.tolist())
        absent = [label for class_id, label in enumerate(labels) if class_id not in present]
        if absent:
            raise LesionflowError(
                f"split {name}",
                got=f"no photo of {', '.join(absent)}",
                expected="every kept class in train and val",
                remedy="Raise curate.classes.min_images in params.yaml, or add photos of other patients.",
            )
