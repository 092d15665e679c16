"""Who is photographed: patients, their lesions, and several photos of some of them. No pixels here."""

from dataclasses import dataclass, field

import numpy as np

from lesionflow import seeding
from lesionflow.sample import artefacts

SITES = ("head_neck", "trunk", "upper_extremity", "lower_extremity")


@dataclass(frozen=True)
class Size:
    """How many photos of each class, and how many planted of each kind."""

    photos: dict[str, int]
    copies: int  # exact duplicates
    near_copies_each: int  # near-duplicates of each transform
    conflicts: int  # duplicates under another label
    unusable_each: int  # unusable photos of each kind


LARGE = (
    "melanocytic_nevus",
    "melanoma",
    "basal_cell_carcinoma",
    "squamous_cell_carcinoma",
    "seborrheic_keratosis",
    "psoriasis",
)
FULL = Size({**dict.fromkeys(LARGE, 165), "dermatofibroma": 60, "vascular_lesion": 60}, 15, 3, 5, 3)
SMALL = Size({**dict.fromkeys(LARGE[:3], 36), "vascular_lesion": 8}, 4, 1, 2, 1)


@dataclass(frozen=True)
class Subject:
    """One photo to draw: of which lesion, of whom, in which view, with what over it."""

    label: str
    patient: str
    lesion: str
    view: int
    skin_type: int
    age: int
    sex: str
    body_site: str
    artefacts: tuple[str, ...] = field(default=())


def catalogue(size: Size, seed: int) -> list[Subject]:
    """The photos of all classes, patient by patient."""
    subjects: list[Subject] = []
    for label, count in size.photos.items():
        rng = seeding.generator(seed, "catalogue", label)
        of_class: list[Subject] = []
        while len(of_class) < count:
            patient = f"P{len(subjects) + len(of_class):04d}"
            of_class += _patient(rng, label, patient)
        subjects += of_class[:count]
    return subjects


def _patient(rng: np.random.Generator, label: str, patient: str) -> list[Subject]:
    """One patient's photos: one to three lesions, some of them photographed twice."""
    skin_type, age = int(rng.integers(1, 7)), int(rng.integers(18, 90))
    sex, site = str(rng.choice(["female", "male"])), str(rng.choice(SITES))
    subjects = []
    for lesion in range(int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))):
        for view in range(int(rng.choice([1, 2], p=[0.85, 0.15]))):
            over = tuple(artefacts.draw(rng))
            name = f"{patient}-L{lesion}"
            subjects.append(Subject(label, patient, name, view, skin_type, age, sex, site, over))
    return subjects
