"""Settings of curation (see params.yaml)."""

from typing import Literal

from pydantic import Field, model_validator

from lesionflow.params import Section


class DuplicatesParams(Section):
    """When two photos are candidates, and when pixels confirm them."""

    hash_distance: int = Field(ge=0, le=32)
    min_agreement: float = Field(ge=-1, le=1)


class QualityParams(Section):
    """Bounds of a usable photo."""

    min_side: int = Field(ge=1)
    min_sharpness: float = Field(ge=0)
    brightness: tuple[float, float]
    min_contrast: float = Field(ge=0)
    min_entropy: float = Field(ge=0)
    min_colourfulness: float = Field(ge=0)
    max_aspect: float = Field(ge=1)
    max_border_share: float = Field(ge=0, le=1)


class ClassesParams(Section):
    """The fewest photos and leakage groups of a class that is kept, and what becomes of a smaller one."""

    min_images: int = Field(ge=1)
    min_groups: int = Field(ge=1)
    below: Literal["drop", "merge", "keep"]


class SplitParams(Section):
    """Shares of the three parts, summing to 1."""

    train: float = Field(gt=0, lt=1)
    val: float = Field(gt=0, lt=1)
    test: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _sums_to_one(self) -> "SplitParams":
        if abs(self.train + self.val + self.test - 1) > 1e-9:
            raise ValueError("train, val and test that sum to 1")
        return self


class ReviewParams(Section):
    """When a photo is listed for a person to look at."""

    folds: int = Field(ge=2, le=20)
    neighbours: int = Field(ge=1)
    min_distance: float = Field(gt=1)
    max_listed_share: float = Field(gt=0, le=1)
