"""Recipes: how a head is made from cached features. With the defaults of what is optional, the study's way."""

from typing import Annotated, Literal

from pydantic import Field

from lesionflow.learn.clinical import Column
from lesionflow.learn.photo_views import Basic
from lesionflow.params import Section

Tau = Annotated[float, Field(ge=0, le=4)]


class Recipe(Section):
    """One recipe (see params.yaml). The first six are the study's; the others improve on it when they are set.

    Of the unset ones: the whole photo alone, features as they are, plain cross-entropy, Adam at a constant rate, one
    head, no discriminant, the epoch of the best validation loss, and no adjustment after training.
    """

    hidden: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    learning_rate: float = Field(gt=0)
    batch_size: int = Field(ge=1)
    max_epochs: int = Field(ge=1)
    patience: int = Field(ge=1)
    views: tuple[Basic, ...] = Field(("full",), min_length=1)
    flips: bool = False
    standardise: bool = False
    clinical: tuple[Column, ...] = ()
    weight_power: float = Field(0.0, ge=0, le=1)
    train_tau: Tau = 0.0
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0)
    schedule: Literal["constant", "cosine"] = "constant"
    seeds: int = Field(1, ge=1)
    discriminant: float | None = Field(None, ge=0, le=1)
    keep: Literal["val_loss", "val_score"] = "val_loss"
    taus: tuple[Tau, ...] = ()
    trade: float = Field(0.5, ge=0, le=1)
