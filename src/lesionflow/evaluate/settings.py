"""Settings of evaluation."""

from typing import Literal

from pydantic import Field, model_validator

from lesionflow.params import Section


class EvaluateParams(Section):
    """Coverage of the intervals, number of resamples, k of top-k, and specificity of the alarm (see params.yaml)."""

    confidence: float = Field(gt=0, lt=1)
    bootstrap: int = Field(ge=1)
    top_k: int = Field(ge=1)
    specificity: float = Field(gt=0, lt=1)


class CompareParams(Section):
    """What the best model is chosen by, on validation (see params.yaml)."""

    criterion: Literal["balanced_accuracy", "accuracy", "mcc"]


class CalibrateParams(Section):
    """Bins of reliability, coverage of the prediction sets, and risk at which the model answers (see params.yaml)."""

    bins: int = Field(ge=2)
    coverage: float = Field(gt=0, lt=1)
    target_risk: float = Field(ge=0, lt=1)


class OutliersParams(Section):
    """Which neighbour's distance is the score, and which share of validation photos passes (see params.yaml)."""

    neighbour: int = Field(ge=1)
    usual_share: float = Field(gt=0, lt=1)


class SubgroupsParams(Section):
    """Borders of the age bands, and how many photos and leakage groups a subgroup needs to be ranked."""

    age_bands: tuple[float, ...]
    min_photos: int = Field(ge=1)
    min_groups: int = Field(ge=2)

    @model_validator(mode="after")
    def _ascend(self) -> "SubgroupsParams":
        if list(self.age_bands) != sorted(set(self.age_bands)):
            raise ValueError("age_bands: years in ascending order, each once")
        return self
