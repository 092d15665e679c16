"""Settings of explanation and of the shortcut audit (see params.yaml)."""

from typing import Annotated, Literal

from pydantic import Field

from lesionflow.params import Section

Method = Literal["gradcam", "gradcamplusplus", "hirescam", "layercam"]
Severity = Annotated[int, Field(ge=1, le=5)]


class GalleryParams(Section):
    """How many photos of each class are shown, by kind, and which classes are expected to be confused."""

    right: int = Field(ge=0)
    wrong: int = Field(ge=0)
    uncertain: int = Field(ge=0)
    confusions: int = Field(ge=0)
    of_each: int = Field(ge=1)
    expected: tuple[tuple[str, str], ...] = ()


class ExplainParams(Section):
    """Methods and layers that are tried, and the photos on which they are chosen and measured."""

    methods: tuple[Method, ...] = Field(min_length=1)
    layers: int = Field(ge=1)
    probes: int = Field(ge=1)
    photos: int = Field(ge=1)
    steps: int = Field(ge=2)
    artefact_photos: int = Field(ge=0)
    artefact_severity: Severity
    gallery: GalleryParams


class AuditParams(Section):
    """Photos that are corrupted, and the severities."""

    photos: int = Field(ge=1)
    severities: tuple[Severity, ...] = Field(min_length=1)
