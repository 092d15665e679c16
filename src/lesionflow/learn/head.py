"""The head on frozen features: FC, ReLU, dropout, FC, softmax (arXiv 2509.04800), one of them or several averaged."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from lesionflow.errors import LesionflowError
from lesionflow.files import atomic, read_json, write_json

Features = npt.NDArray[np.float32]
Classes = npt.NDArray[np.int64]
SMOOTH = 0.01
"""Added below the root of a feature, whose slope at 0 would be endless: heat maps follow gradients through it."""
CARD = ("labels", "width", "hidden", "dropout", "weights_sha256")
"""What head.json must say for the head to be built and to know its backbone."""


class Head(nn.Module):
    """A head's input (B, width) to logits (B, classes).

    `members` are heads of one shape, trained apart; of several, the mean of their log-probabilities counts. With a
    `discriminant`, its log-probabilities count as much as all of theirs. `mean` and `scale` (width,) standardise the
    input; `offset` (classes,) is added to the logits: an adjustment after training.
    """

    mean: Tensor
    scale: Tensor
    offset: Tensor

    def __init__(
        self, width: int, hidden: int, classes: int, dropout: float, *, members: int = 1, discriminant: bool = False
    ) -> None:
        super().__init__()
        self.width = width
        self.members = nn.ModuleList(_layers(width, hidden, classes, dropout) for _ in range(members))
        self.discriminant = Discriminant(width, classes) if discriminant else None
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.register_buffer("offset", torch.zeros(classes))

    def standardised(self, features: Tensor) -> Tensor:
        """What the members see."""
        return (features - self.mean) / self.scale

    def forward(self, features: Tensor) -> Tensor:
        """Logits of a batch."""
        inputs = self.standardised(features)
        joined = _averaged([member(inputs) for member in self.members])
        if self.discriminant is not None:
            joined = _averaged([joined, self.discriminant(inputs)])
        logits: Tensor = joined + self.offset
        return logits

    def probabilities(self, features: Features) -> Features:
        """Softmax probabilities (photos, classes), each row summing to 1."""
        self.eval()
        with torch.inference_mode():
            return softmax(self(torch.from_numpy(np.ascontiguousarray(features))))


class Discriminant(nn.Module):
    """A linear discriminant on the roots of a head's input, (B, width) to logits (B, classes); see discriminant.py."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits of a batch."""
        logits: Tensor = self.linear(roots(inputs))
        return logits


def roots(inputs: Tensor) -> Tensor:
    """Square roots, of what is negative with its sign: pooled features are skewed, their roots less so."""
    found: Tensor = inputs.sign() * ((inputs.abs() + SMOOTH).sqrt() - SMOOTH**0.5)
    return found


def _averaged(logits: list[Tensor]) -> Tensor:
    """The mean of log-probabilities (B, classes); logits that stand alone as they are."""
    if len(logits) == 1:
        return logits[0]
    mean: Tensor = torch.stack([one.log_softmax(dim=1) for one in logits]).mean(dim=0)
    return mean


def _layers(width: int, hidden: int, classes: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, classes))


def softmax(logits: Tensor) -> Features:
    """Probabilities (photos, classes) of logits; in double precision, so that each row sums to 1."""
    return np.asarray(logits.double().softmax(dim=1).float().cpu().numpy())


def save(head: Head, folder: Path, card: dict[str, Any]) -> None:
    """Write head.safetensors and head.json (the card: labels in the order of class_id, and how it was made)."""
    with atomic(folder) as partial:
        partial.mkdir()
        save_file(head.state_dict(), partial / "head.safetensors")
        write_json(card, partial / "head.json")


def load(folder: Path) -> tuple[Head, dict[str, Any]]:
    """The head and its card.

    Raises
    ------
    LesionflowError : no head there, a damaged one, or tensors that do not fit the card.
    """
    try:
        card = read_json(folder / "head.json")
        tensors = load_file(folder / "head.safetensors")
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError, SafetensorError) as error:
        raise LesionflowError(f"{folder}: no trained head", got=str(error), remedy="Run `dvc repro train`.") from None
    absent = [name for name in CARD if name not in card]
    if absent:
        raise LesionflowError(f"{folder}/head.json", got=f"no {', '.join(absent)}", remedy="Run `dvc repro train`.")
    parts = {"members": card.get("seeds", 1), "discriminant": card.get("discriminant") is not None}
    head = Head(card["width"], card["hidden"], len(card["labels"]), card["dropout"], **parts)
    try:
        head.load_state_dict(tensors)
    except RuntimeError as error:
        raise LesionflowError(
            f"{folder}/head.safetensors", got=str(error), expected="the shapes in head.json", remedy="Train anew."
        ) from None
    return head.eval(), card
