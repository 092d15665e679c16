"""Settings of the report (see params.yaml)."""

from pydantic import Field, model_validator

from lesionflow.params import Section


class GalleryParams(Section):
    """How much a gallery of curation shows."""

    most: int = Field(ge=1)
    borderline: int = Field(ge=0)

    @model_validator(mode="after")
    def _fits(self) -> "GalleryParams":
        if self.borderline > self.most:
            raise ValueError(f"borderline: at most as many as are shown, {self.most}")
        return self


class CardParams(Section):
    """What only people know of the photos and the purpose, for the cards; "" where nobody says it."""

    intended_use: str
    motivation: str
    collection: str
    consent: str
    distribution: str
    maintenance: str
    contact: str
