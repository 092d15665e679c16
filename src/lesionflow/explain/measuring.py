"""Maps of test photos, scored one by one: tables map_scores and artefact_maps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lesionflow.explain import baselines, corruptions, faithfulness, gradcam, localisation, sanity
from lesionflow.explain.choice import Choice
from lesionflow.explain.gradcam import BATCH, Maps
from lesionflow.explain.localisation import Flags
from lesionflow.explain.settings import ExplainParams
from lesionflow.learn.classifier import Batch, Classifier

SCORES = ("drop", "deletion", "insertion", "road", "head_likeness")
LOCATED = ("pointing", "energy", "iou")
RANDOM, CENTRE = "random", "centre"
"""Maps that know nothing of the network."""
WITHOUT_MASK = faithfulness.SHARE
"""Area of the centred blob on photos whose lesion is not known."""


@dataclass(frozen=True)
class Photos:
    """Photos by name: what the classifier sees of them and answers, and the lesions that are known."""

    names: list[str]
    groups: list[str]
    seen: Batch
    targets: list[int]
    lesions: Mapping[str, Flags]

    @property
    def side(self) -> int:
        """Of the network's input, pixels."""
        return int(self.seen.photos.shape[-1])


def scores(
    classifier: Classifier,
    test: Photos,
    val: Photos,
    chosen: Choice,
    settings: ExplainParams,
    *,
    seed: int,
) -> pd.DataFrame:
    """Table map_scores: the maps of each method at the chosen layer, random ones, and blobs in the middle."""
    found = _all_maps(classifier, test, chosen, settings.methods, seed=seed)
    random_head = _of_random_head(classifier, test, chosen, settings.methods, seed=seed)
    thresholds = _thresholds(classifier, val, chosen, settings.methods, seed=seed)
    frames = []
    for start in range(0, len(test.names), BATCH):
        part = slice(start, start + BATCH)
        maps = {name: some[part] for name, some in found.items()}
        whole, photos = classifier.of_first_view(test.seen[part]), test.seen.photos[part]
        followed = {name: some for name, some in maps.items() if name != CENTRE}  # which is for localisation alone
        curves = faithfulness.curves(whole, photos, test.targets[part], followed, steps=settings.steps)
        for name, some in maps.items():
            values: dict[str, Any] = dict(curves.get(name, {}))
            if name in settings.methods:
                values["road"] = faithfulness.road(whole, photos, test.targets[part], some, seed=seed)
                values["head_likeness"] = faithfulness.likeness(some, random_head[name][part])
            said = {
                "sha256": test.names[part],
                "group": test.groups[part],
                "method": name,
                "blank": gradcam.broken(some),
            }
            frames.append(pd.DataFrame({**said, **values, **_located(some, test, part, thresholds[name])}))
    table = pd.concat(frames, ignore_index=True)
    for name in (*SCORES, *LOCATED):
        table[name] = table[name].astype(float).where(~table["blank"])  # what a blank map scores means nothing
    return table


def _all_maps(
    classifier: Classifier, photos: Photos, chosen: Choice, methods: Sequence[str], *, seed: int
) -> dict[str, Maps]:
    areas = np.array([_area(photos.lesions.get(name)) for name in photos.names])
    return _of_methods(classifier, photos, chosen, methods) | {
        RANDOM: baselines.random_maps(photos.names, photos.side, seed=seed),
        CENTRE: baselines.centred(areas, photos.side),
    }


def _area(lesion: Flags | None) -> float:
    return WITHOUT_MASK if lesion is None else float(lesion.mean())


def _of_methods(classifier: Classifier, photos: Photos, chosen: Choice, methods: Sequence[str]) -> dict[str, Maps]:
    return {
        method: gradcam.batched(classifier, photos.seen, photos.targets, chosen.layer, method) for method in methods
    }


def _of_random_head(
    classifier: Classifier, photos: Photos, chosen: Choice, methods: Sequence[str], *, seed: int
) -> dict[str, Maps]:
    with sanity.random_head(classifier.head, seed=seed):
        return _of_methods(classifier, photos, chosen, methods)


def _thresholds(
    classifier: Classifier, val: Photos, chosen: Choice, methods: Sequence[str], *, seed: int
) -> dict[str, float]:
    """The threshold of the overlap, for each kind of map, on validation photos whose lesion is known."""
    names = [name for name in val.names if name in val.lesions]
    rows = [val.names.index(name) for name in names]
    known = Photos(names, [val.groups[i] for i in rows], val.seen[rows], [val.targets[i] for i in rows], val.lesions)
    lesions = localisation.stacked(val.lesions, names)
    found = _all_maps(classifier, known, chosen, methods, seed=seed)
    return {name: localisation.best_threshold(some, lesions) for name, some in found.items()}


def _located(found: Maps, photos: Photos, part: slice, threshold: float) -> dict[str, Maps]:
    """Scores against the lesion, missing where it is not known."""
    names = photos.names[part]
    rows = [row for row, name in enumerate(names) if name in photos.lesions]
    values = {name: np.full(len(names), np.nan) for name in (*LOCATED, "lesion")}
    if rows:
        lesions, maps = localisation.stacked(photos.lesions, [names[row] for row in rows]), found[rows]
        values["pointing"][rows] = localisation.pointing(maps, lesions)
        values["energy"][rows] = localisation.energy(maps, lesions)
        values["iou"][rows] = localisation.overlap(maps, lesions, threshold)
        values["lesion"][rows] = lesions.mean(axis=(1, 2))
    return values


Draw = Callable[[str, str], tuple[Tensor, Flags]]


def artefact_maps(
    classifier: Classifier, names: Sequence[tuple[str, str]], told: Tensor, draw: Draw, chosen: Choice
) -> pd.DataFrame:
    """Table artefact_maps: of photos with a drawn artefact, how much of the map of the answer lies on it.

    Artefacts that the network's view cuts off are left out; so are blank maps.

    Parameters
    ----------
    names : sha256 and leakage group of the photos.
    told : their encoded metadata (photos, columns).
    draw : gives the views (V, 3, H, W) of a photo under a corruption, and where (H, W) it is covered.
    """
    frames = []
    for name in corruptions.OVERLAYS:
        drawn = [draw(sha256, name) for sha256, _ in names]
        if not drawn:
            continue
        views, covers = torch.stack([one for one, _ in drawn]), np.stack([cover for _, cover in drawn])
        seen = classifier.holding(views, told)
        with torch.inference_mode():
            targets = [int(row) for row in classifier.of_first_view(seen)(seen.photos).argmax(dim=1)]
        found = gradcam.batched(classifier, seen, targets, chosen.layer, chosen.method)
        areas = covers.mean(axis=(1, 2))
        frame = pd.DataFrame(names, columns=["sha256", "group"]).assign(
            corruption=name, area=areas, energy=localisation.energy(found, covers).astype(float)
        )
        frames.append(frame[(areas > 0) & ~gradcam.broken(found)])
    columns = ["sha256", "group", "corruption", "area", "energy"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
