"""Settings of promotion."""

from pydantic import Field

from lesionflow.params import Section


class MinGain(Section):
    """By how much the lower bound of each criterion's difference must exceed 0; below 0 allows as much loss."""

    balanced_accuracy: float = Field(ge=-1, le=1)
    mcc: float = Field(ge=-1, le=1)


class PromoteParams(Section):
    """When a candidate becomes champion, and the registered model that holds both (see params.yaml)."""

    registered_model: str = Field(min_length=1)
    min_gain: MinGain
    min_photos: int = Field(ge=1)
    max_lost_share: float = Field(ge=0, le=1)
    max_relabelled_share: float = Field(ge=0, le=1)
    min_class_photos: int = Field(ge=1)
    class_margin: float = Field(ge=0, le=1)
    max_calibration_rise: float = Field(ge=0, le=1)
    require_audit: bool
