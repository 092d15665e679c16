"""Settings of the gates and of tracking (see params.yaml)."""

from typing import TypedDict

from pydantic import Field

from lesionflow.params import Section


class Names(TypedDict):
    """Where in MLflow a classifier stands."""

    experiment: str
    registered_model: str


class ValidateParams(Section):
    """What the suites hold the data to beyond their own rules."""

    max_split_deviation: float = Field(ge=0, le=1)
    min_rows: int = Field(ge=1)
    min_class_photos: int = Field(ge=1)


class TrackParams(Section):
    """Names under which runs and models stand in MLflow."""

    experiment: str = Field(min_length=1)
    registered_prefix: str

    def names(self, classifier: str) -> "Names":
        """The experiment, and the registered model of a classifier."""
        return {"experiment": self.experiment, "registered_model": f"{self.registered_prefix}{classifier}"}
