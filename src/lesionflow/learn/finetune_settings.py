"""Settings of fine-tuning and of the ablation that compares its ways."""

from typing import Literal, get_args

from pydantic import Field

from lesionflow.errors import LesionflowError
from lesionflow.params import Section

Strategy = Literal["frozen", "full", "last", "lp_ft", "lora"]
"""What is trained beside the head: nothing, all, the last stages, all after the head alone, or low-rank additions."""


def strategy(name: str) -> Strategy:
    """The strategy of this name.

    Raises
    ------
    LesionflowError : there is none.
    """
    known: tuple[Strategy, ...] = get_args(Strategy)
    for one in known:
        if one == name:
            return one
    raise LesionflowError(
        f"strategy {name!r}", expected=f"one of {', '.join(known)}", remedy="Edit ablation.strategies."
    )


class How(Section):
    """One strategy (see params.yaml): peak rates of backbone and head, and what the strategy alone needs.

    Each stage's rate is `layer_decay` times that of the stage after it. `stages` is of `last`; rank and alpha are of
    `lora`.
    """

    rate: float = Field(ge=0)
    head_rate: float = Field(0.0, ge=0)
    layer_decay: float = Field(1.0, gt=0, le=1)
    stages: int = Field(1, ge=1)
    rank: int = Field(8, ge=1)
    alpha: float = Field(16.0, gt=0)


class FinetuneParams(Section):
    """What the strategies share: batches, epochs, schedule and regularisation (see params.yaml)."""

    batch_size: int = Field(ge=1)
    max_epochs: int = Field(ge=1)
    min_steps: int = Field(ge=0)
    patience: int = Field(ge=1)
    warmup: float = Field(ge=0, lt=1)
    weight_decay: float = Field(ge=0)
    clip: float = Field(gt=0)
    flips: bool
    norm_from: int = Field(ge=0)

    def epochs(self, photos: int) -> int:
        """Epochs of a training on so many photos: `max_epochs`, and on few of them enough for `min_steps` steps.

        >>> settings = dict(patience=1, warmup=0, weight_decay=0, clip=1, flips=True, norm_from=0)
        >>> FinetuneParams(batch_size=32, max_epochs=4, min_steps=70, **settings).epochs(200)
        10
        """
        return max(self.max_epochs, -(-self.min_steps // self.steps(photos)))

    def steps(self, photos: int) -> int:
        """Batches an epoch."""
        return -(-photos // self.batch_size)
