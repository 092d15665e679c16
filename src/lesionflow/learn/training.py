"""Fitting the head: Adam on cross-entropy, early stopping on validation loss, the best epoch kept."""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
import torch
from pydantic import Field
from torch import Tensor, nn

from lesionflow import seeding
from lesionflow.errors import LesionflowError
from lesionflow.learn.head import Classes, Features, Head
from lesionflow.params import Section

HISTORY = ["epoch", "train_loss", "val_loss", "train_accuracy", "val_accuracy"]


class TrainParams(Section):
    """The study's recipe (see params.yaml)."""

    hidden: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    learning_rate: float = Field(gt=0)
    batch_size: int = Field(ge=1)
    max_epochs: int = Field(ge=1)
    patience: int = Field(ge=1)


class Examples(NamedTuple):
    """Features (photos, width) and their class ids (photos,)."""

    features: Features
    class_ids: Classes


@dataclass(frozen=True)
class Fit:
    """The head of the best epoch, counted from 1, and one row of losses and accuracies an epoch."""

    head: Head
    best_epoch: int
    history: pd.DataFrame


def fit(train: Examples, val: Examples, labels: list[str], settings: TrainParams, *, seed: int) -> Fit:
    """Train on `train`, stop on `val`. The same inputs and seed give the same head.

    Raises
    ------
    LesionflowError : a class without a photo in train or val, or a loss that is not finite.
    """
    _refuse_absent_classes({"train": train, "val": val}, labels)
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(seeding.derive(seed, "head"))
        head = Head(train.features.shape[1], settings.hidden, len(labels), settings.dropout)
        return _epochs(head, _tensors(train), _tensors(val), settings)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The number of threads changes the order of sums, and so the head's bytes; a head is too small to miss them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _epochs(head: Head, train: tuple[Tensor, Tensor], val: tuple[Tensor, Tensor], settings: TrainParams) -> Fit:
    optimiser = torch.optim.Adam(head.parameters(), lr=settings.learning_rate)
    history: list[dict[str, float]] = []
    best, best_epoch, best_loss = head.state_dict(), 0, float("inf")
    for epoch in range(1, settings.max_epochs + 1):
        _one_epoch(head, train, optimiser, settings.batch_size)
        history.append({"epoch": epoch, **_measure(head, train, "train"), **_measure(head, val, "val")})
        if history[-1]["val_loss"] < best_loss:
            best, best_epoch, best_loss = copy.deepcopy(head.state_dict()), epoch, history[-1]["val_loss"]
        elif epoch - best_epoch >= settings.patience:
            break
    head.load_state_dict(best)
    return Fit(head.eval(), best_epoch, pd.DataFrame(history, columns=HISTORY))


def _one_epoch(head: Head, train: tuple[Tensor, Tensor], optimiser: torch.optim.Optimizer, batch_size: int) -> None:
    head.train()
    for chosen in torch.split(torch.randperm(len(train[0])), batch_size):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(head(train[0][chosen]), train[1][chosen])
        _refuse_non_finite(loss.item(), "training")
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def _measure(head: Head, examples: tuple[Tensor, Tensor], name: str) -> dict[str, float]:
    """Loss and accuracy in eval mode, so that train and val are measured alike (no dropout)."""
    head.eval()
    with torch.inference_mode():
        logits = head(examples[0])
        loss = nn.functional.cross_entropy(logits, examples[1]).item()
        accuracy = (logits.argmax(dim=1) == examples[1]).double().mean().item()
    _refuse_non_finite(loss, name)
    return {f"{name}_loss": loss, f"{name}_accuracy": accuracy}


def _refuse_non_finite(loss: float, name: str) -> None:
    if not math.isfinite(loss):
        raise LesionflowError(
            f"head: the {name} loss is not finite",
            got=str(loss),
            expected="a finite number",
            remedy="Lower train.learning_rate in params.yaml, and look at the features.",
        )


def _tensors(examples: Examples) -> tuple[Tensor, Tensor]:
    return torch.tensor(examples.features), torch.tensor(examples.class_ids)


def _refuse_absent_classes(parts: dict[str, Examples], labels: list[str]) -> None:
    for name, part in parts.items():
        present = set(part.class_ids.tolist())
        absent = [label for class_id, label in enumerate(labels) if class_id not in present]
        if absent:
            raise LesionflowError(
                f"split {name}",
                got=f"no photo of {', '.join(absent)}",
                expected="every kept class in train and val",
                remedy="Raise curate.classes.min_images in params.yaml, or add photos of other patients.",
            )
