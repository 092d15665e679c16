"""From a subject to a photo and its lesion mask."""

import io

import numpy as np
from PIL import Image

from lesionflow import seeding
from lesionflow.sample import artefacts, lesions
from lesionflow.sample.catalogue import Subject
from lesionflow.sample.skin import HEIGHT, WIDTH, skin

QUALITY = 82
SENSOR_NOISE = 0.01
"""Deviation of a sensor's noise, 0-1; without it a drawn photo is smoother than any real one."""


def draw(subject: Subject, seed: int) -> tuple[Image.Image, Image.Image]:
    """The photo (RGB) and the mask (1 bit). Two views share the lesion, not the light, the skin or the framing."""
    lesion = seeding.generator(seed, "lesion", subject.lesion)
    view = seeding.generator(seed, "view", subject.lesion, subject.view)
    recipe = lesions.draw_recipe(lesion, subject.label)
    centre = (WIDTH * (0.5 + view.normal(0, 0.06)), HEIGHT * (0.5 + view.normal(0, 0.06)))
    inside = lesions.outline(lesion, recipe, centre)
    picture = lesions.paint(lesion, skin(view, subject.skin_type), recipe, inside)
    picture = artefacts.apply(view, picture, list(subject.artefacts)) * view.uniform(0.85, 1.12)
    picture = picture * view.normal(1, 0.03, 3) + SENSOR_NOISE * view.standard_normal((HEIGHT, WIDTH, 1))
    photo = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    return photo, Image.fromarray(inside > 0)


def as_jpeg(photo: Image.Image, quality: int = QUALITY) -> bytes:
    """The photo as JPEG bytes."""
    written = io.BytesIO()
    photo.save(written, "JPEG", quality=quality)
    return written.getvalue()


def as_png(mask: Image.Image) -> bytes:
    """The mask as PNG bytes."""
    written = io.BytesIO()
    mask.save(written, "PNG", optimize=True)
    return written.getvalue()
