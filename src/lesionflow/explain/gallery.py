"""One classifier's gallery: maps of chosen photos for the answer and for the truth, as pictures with an index."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from lesionflow.explain import gradcam, panel
from lesionflow.explain.gradcam import Maps
from lesionflow.explain.localisation import Flags
from lesionflow.files import atomic, write_json

OLDER = ("right", "wrong")
"""Kinds that the first pages showed: they stand under `items`, the others under `more`."""


def write(
    folder: Path,
    head: dict[str, Any],
    shown: pd.DataFrame,
    heats: Mapping[str, Maps],
    see: Callable[[str], Image.Image],
    lesions: Mapping[str, Flags],
) -> None:
    """Write index.json and the pictures that it names into `folder`, atomically.

    A photo whose map for the answer is blank is left out; where only that of the truth is, `truth_overlay` is missing.

    Parameters
    ----------
    shown : from `panel.chosen`; a photo may stand under several kinds, and has its pictures once.
    heats : maps of each row of `shown`, for `predicted` and for `label`.
    see : gives the part of a photo that the network sees.
    """
    clear = {name: ~gradcam.broken(maps) for name, maps in heats.items()}
    with atomic(folder) as partial:
        partial.mkdir()
        items = []
        for place, row in enumerate(shown.to_dict("records")):
            if clear["predicted"][place]:
                maps = {name: maps[place] if clear[name][place] else None for name, maps in heats.items()}
                items.append(_item(partial, row, maps, see(row["sha256"]), lesions.get(row["sha256"]), head["labels"]))
        split = {"items": [item for item in items if item["kind"] in OLDER]}
        split["more"] = [item for item in items if item["kind"] not in OLDER]
        write_json(head | split, partial / "index.json")


def _item(
    folder: Path,
    row: Any,
    maps: Mapping[str, Any],
    photo: Image.Image,
    lesion: Flags | None,
    labels: list[str],
) -> dict[str, Any]:
    stem = row["sha256"][:32]
    pictures: dict[str, Image.Image | None] = {
        "photo": photo,
        "overlay": panel.overlay(photo, maps["predicted"], lesion),
    }
    if row["label"] != row["predicted"]:
        pictures["truth_overlay"] = None if maps["label"] is None else panel.overlay(photo, maps["label"], lesion)
    names = {"photo": f"{stem}.jpg", "overlay": f"{stem}-map.jpg", "truth_overlay": f"{stem}-truth.jpg"}
    for kind, picture in pictures.items():
        if picture is not None:
            picture.save(folder / names[kind], quality=85)
    said = {key: row[key] for key in ("sha256", "kind", "of", "label", "predicted")}
    ranked = sorted(zip(labels, map(float, row["probabilities"]), strict=True), key=lambda one: -one[1])
    said["probability"] = round(row["probability"], 6)
    said["probabilities"] = {label: round(value, 4) for label, value in ranked}
    said["outlined"] = lesion is not None
    return said | {kind: None if picture is None else names[kind] for kind, picture in pictures.items()}


def maps_of(make: Callable[[list[int]], Maps], shown: pd.DataFrame, labels: list[str]) -> dict[str, Maps]:
    """Maps of each row for its answer and for its truth, each made once.

    Parameters
    ----------
    make : gives the maps of all rows for these targets.
    """
    targets = {name: [labels.index(label) for label in shown[name]] for name in ("predicted", "label")}
    found = make(targets["predicted"])
    wrong = [place for place, (one, other) in enumerate(zip(*targets.values(), strict=True)) if one != other]
    truth = found.copy()
    if wrong:
        truth[wrong] = make(targets["label"])[wrong]
    return {"predicted": found, "label": np.asarray(truth)}
