"""Settings of curation (see params.yaml)."""

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from lesionflow.params import Section


class CandidatesParams(Section):
    """Which pairs of photos are looked at."""

    hash_distance: int = Field(ge=0, le=16)
    neighbours: PositiveInt
    min_word_score: float = Field(ge=0)


class DuplicatesParams(Section):
    """When pixels confirm a pair, and as what."""

    min_inliers: int = Field(ge=3)
    min_agreement: float = Field(ge=-1, le=1)
    min_frame_agreement: float = Field(ge=-1, le=1)
    min_containment: float = Field(ge=0, le=1)


class QualityParams(Section):
    """Bounds of a usable photo."""

    min_side: int = Field(ge=1)
    max_aspect: float = Field(ge=1)
    max_text_share: float = Field(ge=0, le=1)
    max_border_share: float = Field(ge=0, le=1)
    brightness: tuple[float, float]
    min_contrast: float = Field(ge=0)
    min_entropy: float = Field(ge=0)
    min_colourfulness: float = Field(ge=0)
    max_seam_share: float = Field(ge=0, le=1)
    min_sharpness: float = Field(ge=0)
    min_skin_share: float = Field(ge=0, le=1)


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
