"""The whole sample: drawn photos and planted ones, each with its manifest row and its truth."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lesionflow import parallel, seeding
from lesionflow.sample import drawing, plant
from lesionflow.sample.catalogue import Size, Subject, catalogue

CLINIC, WEB = "synthetic_clinic", "synthetic_web"
LICENCE, ATTRIBUTION = "CC0-1.0", "lesionflow synthetic sample (drawn by a program; no person, no disease)"
# Sources disagree in spelling; the taxonomy has to map these.
SPELLINGS = {
    "melanocytic_nevus": ("Melanocytic nevus", "mole"),
    "melanoma": ("Melanoma", "MEL"),
    "basal_cell_carcinoma": ("Basal cell carcinoma", "BCC"),
    "squamous_cell_carcinoma": ("Squamous-cell carcinoma", "SCC"),
    "seborrheic_keratosis": ("Seborrheic keratosis", "SK"),
    "psoriasis": ("Psoriasis", "psoriasis vulgaris"),
    "dermatofibroma": ("Dermatofibroma", "DF"),
    "vascular_lesion": ("Vascular lesion", "VASC"),
}
MALIGNANT = ("melanoma", "basal_cell_carcinoma", "squamous_cell_carcinoma")


@dataclass(frozen=True)
class Item:
    """One photo of the sample: its bytes and mask, its subject, and what was planted (`kind`, of photo `of`)."""

    name: str
    manifest: str
    subject: Subject
    kind: str
    of: str
    photo: bytes
    mask: bytes | None


def compose(size: Size, seed: int) -> list[Item]:
    """All photos in a fixed order: originals, then copies, near-copies, conflicts and unusable ones."""
    subjects = catalogue(size, seed)
    jobs = [(number, subject, seed) for number, subject in enumerate(subjects)]
    originals = list(parallel.map_ordered(_original, jobs, desc="drawing"))
    return originals + list(_planted(originals, size, seed))


def _original(job: tuple[int, Subject, int]) -> Item:
    number, subject, seed = job
    photo, mask = drawing.draw(subject, seed)
    # A patient belongs to one source, as in life.
    source = WEB if seeding.derive(seed, "source", subject.patient) % 5 < 2 else CLINIC
    name = f"{number:04d}"
    return Item(name, source, subject, "original", "", drawing.as_jpeg(photo), drawing.as_png(mask))


def _planted(originals: list[Item], size: Size, seed: int) -> Iterator[Item]:
    """Plant on photos of the classes with the most photos, each on another one, so that every effect is its own."""
    most = max(size.photos.values())
    rng = seeding.generator(seed, "planted")
    large = [item for item in originals if size.photos[item.subject.label] == most and not item.subject.artefacts]
    hosts = iter([large[place] for place in rng.permutation(len(large))])
    for number in range(size.copies):
        yield _again(next(hosts), f"copy{number:02d}", "exact_duplicate")
    for transform in plant.NEAR_COPIES:
        for number in range(size.near_copies_each):
            host = next(hosts)
            photo = plant.near_copy(drawing.draw(host.subject, seed)[0], transform)
            copy = _again(host, f"near-{transform}{number}", f"near_duplicate:{transform}")
            yield replace(copy, photo=photo, mask=None)
    labels = [label for label, count in size.photos.items() if count == most]
    for number in range(size.conflicts):
        host = next(hosts)
        other = labels[(labels.index(host.subject.label) + 1) % len(labels)]
        conflict = _again(host, f"conflict{number}", "conflicting_duplicate")
        yield replace(conflict, subject=replace(host.subject, label=other, patient=f"X{number:03d}"))
    for kind, make in plant.UNUSABLE.items():
        for number in range(size.unusable_each):
            host = next(hosts)
            photo = make(rng, drawing.draw(host.subject, seed)[0])
            spoilt = _again(host, f"unusable-{kind}{number}", f"unusable:{kind}")
            yield replace(spoilt, photo=photo, mask=None, of="")


def _again(host: Item, name: str, kind: str) -> Item:
    """A second appearance of a photo on the web, where nobody knows the patient any more."""
    return replace(host, name=name, manifest=WEB, kind=kind, of=host.name)


def manifest_row(item: Item) -> dict[str, Any]:
    """The row of the item's manifest. What the web repeats has lost its patient."""
    subject, original = item.subject, item.kind == "original"
    digest = hashlib.sha256(item.photo).hexdigest()
    return {
        "id": item.name,
        "url": f"../photos/{item.name}.jpg",
        "label": SPELLINGS[subject.label][item.manifest == WEB],
        "source": item.manifest,
        "licence": LICENCE,
        "attribution": ATTRIBUTION,
        "checksum": f"sha256:{digest}" if item.manifest == CLINIC else "",
        "group": subject.patient if original else "",
        "age": subject.age,
        "sex": subject.sex,
        "body_site": subject.body_site,
        "skin_type": subject.skin_type if original else "",
        "mask": f"../masks/{item.name}.png" if item.mask else "",
    }


def truth_row(item: Item) -> dict[str, Any]:
    """What was drawn and planted, for tests."""
    subject = item.subject
    return {
        "record_id": f"{item.manifest}:{item.name}",
        "label": subject.label,
        "patient": subject.patient,
        "lesion": subject.lesion,
        "view": subject.view,
        "skin_type": subject.skin_type,
        "artefacts": " ".join(subject.artefacts),
        "planted": item.kind,
        "of": item.of,
    }


def taxonomy(size: Size) -> dict[str, Any]:
    """data/taxonomy.yaml of the sample."""
    return {
        "classes": {
            label: {"aliases": list(SPELLINGS[label]), "malignant": label in MALIGNANT} for label in size.photos
        }
    }
