"""Settings of evaluation."""

from pydantic import Field

from lesionflow.params import Section


class EvaluateParams(Section):
    """Coverage of the intervals, number of resamples, k of top-k, and specificity of the alarm (see params.yaml)."""

    confidence: float = Field(gt=0, lt=1)
    bootstrap: int = Field(ge=1)
    top_k: int = Field(ge=1)
    specificity: float = Field(gt=0, lt=1)
