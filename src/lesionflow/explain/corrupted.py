"""Features of corrupted test photos: one pass of the backbone, from which every head on it is audited."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from lesionflow import images, tables
from lesionflow.explain import corruptions
from lesionflow.explain.corruptions import BORDER_ONLY, LESION_COVERED, NONE
from lesionflow.explain.settings import AuditParams
from lesionflow.images import StoredPhoto, UnreadableImageError
from lesionflow.learn import engines, features, photo_views
from lesionflow.learn.backbones import Backbone
from lesionflow.learn.engines import Engine
from lesionflow.learn.features import FeaturesParams

DRAWN_BY = ("corrupted.py", "corruptions.py", "degradations.py", "overlays.py")
"""Modules of this package that decide what is drawn: with another line in them, no cached row is trusted."""
SIDE = 384
"""Pixels of the shorter side at which photos are corrupted: all that most networks see of them, at bounded cost."""
MIDDLE = 127
"""Grey level above which a mask says lesion."""
STEP = 0.1
"""Of the sides of the box that covers lesions, as shares of the photo's."""


class Photo(NamedTuple):
    """A photo, and its lesion mask where there is one."""

    stored: StoredPhoto
    mask: StoredPhoto | None


class Seen(NamedTuple):
    """One view of a corrupted photo: its pixels (3, H, W), and the share of them under the artefact."""

    corruption: str
    severity: int
    view: str
    area: float
    pixels: Tensor


def table(
    backbone: Backbone,
    photos: Mapping[str, Photo],
    how: FeaturesParams,
    settings: AuditParams,
    *,
    seed: int,
    cached: pd.DataFrame | None = None,
    run: Engine | None = None,
) -> pd.DataFrame:
    """Table corrupted: each photo as it is, under each corruption and severity, and with parts covered.

    Parameters
    ----------
    how : of the cached features, so that whatever differs from them is the photo.
    cached : this table of an earlier run, from which photos are taken whose every row would be the same.
    run : spares building the engine of `how` anew.
    """
    sides = box_sides(photos.values())
    code = [(Path(__file__).parent / name).read_text(encoding="utf-8") for name in DRAWN_BY]
    passed = [features.cache_key(backbone.describe(), how), list(how.views)]
    drawn = json.dumps([passed, code, np.__version__, cv2.__version__, list(settings.severities), seed])
    keys = {name: _key(drawn, photo, sides) for name, photo in photos.items()}
    known = tables.CORRUPTED.empty() if cached is None else cached
    kept = known[known["key"] == known["sha256"].map(keys)]
    new = sorted(photos.keys() - set(kept["sha256"]))

    def look(name: str) -> pd.DataFrame:
        changes = pictures(name, photos[name], settings.severities, sides, seed=seed)
        seen = [one for change in changes for one in _looks(backbone, how.views, *change)]
        return _features(backbone, engine, seen).assign(sha256=name, key=keys[name])

    if not new:
        return kept
    engine = run or features.engine(backbone, how)
    return pd.concat([kept, *engines.each(look, new, desc=f"corrupted {backbone.slug}")], ignore_index=True)


def _key(drawn: str, photo: Photo, sides: tuple[float, float] | None) -> str:
    """Digest of all that decides a photo's rows, beside the photo."""
    of_mask = None if photo.mask is None else [photo.mask.sha256, sides]
    return hashlib.sha256(json.dumps([drawn, of_mask]).encode()).hexdigest()[:16]


def _features(backbone: Backbone, run: Engine, seen: Sequence[Seen]) -> pd.DataFrame:
    """Rows of one photo; a view that a corruption leaves as it was is not computed again."""
    plain: dict[str, int] = {}
    pixels: list[Tensor] = []
    places = []
    for one in seen:
        same = plain.get(one.view)
        if same is None or not torch.equal(one.pixels, pixels[same]):
            same = len(pixels)
            pixels.append(one.pixels)
        plain.setdefault(one.view, same)  # the photo as it is comes first
        places.append(same)
    found = features.passed(backbone, run, torch.stack(pixels))
    rows = pd.DataFrame([one._asdict() for one in seen]).drop(columns="pixels")
    return rows.assign(features=[found[place] for place in places])


def _looks(
    backbone: Backbone, views: Sequence[str], name: str, severity: int, picture: Image.Image, cover: Any
) -> list[Seen]:
    pixels = photo_views.tensors(picture, backbone.preprocess.pixels, views)
    areas = _areas(cover, backbone, views)
    return [Seen(name, severity, *one) for one in zip(views, areas, pixels, strict=True)]


def _areas(cover: Any, backbone: Backbone, views: Sequence[str]) -> list[float]:
    if cover is None:
        return [0.0] * len(views)
    shown = Image.fromarray(cover).convert("RGB")
    seen = photo_views.tensors(shown, backbone.preprocess.pixels, views)
    return [float((view[0] > 127).float().mean()) for view in seen]


def box_sides(photos: Iterable[Photo]) -> tuple[float, float] | None:
    """The box that covers nearly every lesion of these photos (see `corruptions`); None where no lesion is known.

    In steps, so that a few other photos seldom change it, and with it every covered lesion.
    """
    found = (_shape(photo.mask) for photo in photos if photo.mask is not None)
    sides = corruptions.box_sides(np.asarray(shape) > MIDDLE for shape in found if shape is not None)
    return None if sides is None else (_up(sides[0]), _up(sides[1]))


def _up(side: float) -> float:
    return min(1.0, math.ceil(side / STEP) * STEP)


def pictures(
    sha256: str, photo: Photo, severities: Sequence[int], sides: tuple[float, float] | None, *, seed: int
) -> Iterator[tuple[str, int, Image.Image, Any]]:
    """Name, severity, picture and cover of each change of a photo: none first, then the parts, then corruptions."""
    picture = at_size(images.decode(photo.stored.read(), at_least=SIDE))
    yield NONE, 0, picture, None
    yield BORDER_ONLY, 0, corruptions.border_only(picture), None
    covered = None if sides is None else _without_lesion(picture, photo.mask, sides)
    if covered is not None:
        yield LESION_COVERED, 0, covered, None
    for name in corruptions.NAMES:
        for severity in severities:
            yield name, severity, *corruptions.corrupt(picture, name, severity, of=sha256, seed=seed)


def _without_lesion(picture: Image.Image, mask: StoredPhoto | None, sides: tuple[float, float]) -> Image.Image | None:
    """The photo with its lesion covered; None without a usable mask."""
    shape = None if mask is None else _shape(mask)
    if shape is None or not images.same_shape(shape.size, picture.size):
        return None
    fitted = shape.resize(picture.size, Image.Resampling.NEAREST)
    return corruptions.lesion_covered(picture, np.asarray(fitted) > MIDDLE, sides)


def _shape(mask: StoredPhoto) -> Image.Image | None:
    try:
        return images.decode(mask.read()).convert("L")
    except UnreadableImageError:
        return None


def at_size(picture: Image.Image) -> Image.Image:
    """The picture at no more than `SIDE` pixels on the shorter side."""
    scale = SIDE / min(picture.size)
    if scale >= 1:
        return picture
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2)
