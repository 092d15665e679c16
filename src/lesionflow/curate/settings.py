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

    min_inliers: int = Field(ge=6)  # registration.FEWEST; of fewer nothing is measured
    min_agreement: float = Field(ge=-1, le=1)
    min_frame_agreement: float = Field(ge=-1, le=1)
    min_overlap: float = Field(ge=0, le=1)
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
    """How groups become train, val and test: by shares of each class, by one source held out, or by folds."""

    scheme: Literal["shares", "leave_source_out", "folds"] = "shares"
    train: float = Field(gt=0, lt=1)
    val: float = Field(gt=0, lt=1)
    test: float = Field(gt=0, lt=1)
    tolerance: float = Field(default=0.02, ge=0, lt=1)
    held_out_source: str = ""
    folds: int = Field(default=5, ge=3)
    fold: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> "SplitParams":
        if abs(self.train + self.val + self.test - 1) > 1e-9:
            raise ValueError("train, val and test that sum to 1")
        if self.scheme == "leave_source_out" and not self.held_out_source:
            raise ValueError("held_out_source: the name of a source, for scheme leave_source_out")
        if self.scheme == "folds" and self.fold >= self.folds:
            raise ValueError(f"fold: 0 to {self.folds - 1}, for {self.folds} folds")
        return self

    def asked(self) -> dict[str, float]:
        """The share asked of each part; of those that the data decides (a source held out as test), none.

        >>> SplitParams(train=0.6, val=0.2, test=0.2, scheme="leave_source_out", held_out_source="clinic").asked()
        {'train': 0.75, 'val': 0.25}
        """
        if self.scheme == "folds":
            return {"train": (self.folds - 2) / self.folds, "val": 1 / self.folds, "test": 1 / self.folds}
        if self.scheme == "leave_source_out":
            learned = self.train + self.val
            return {"train": round(self.train / learned, 12), "val": round(self.val / learned, 12)}
        return {"train": self.train, "val": self.val, "test": self.test}


class ReviewParams(Section):
    """When a photo is listed for a person to look at."""

    folds: int = Field(ge=2, le=20)
    neighbours: int = Field(ge=1)
    min_distance: float = Field(gt=1)
    max_listed_share: float = Field(gt=0, le=1)
