"""One model's gallery: maps of chosen photos, written as pictures with an index."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lesionflow import images
from lesionflow.explain import choice, gradcam, panel
from lesionflow.explain.choice import Choice
from lesionflow.explain.gradcam import ExplainParams
from lesionflow.explain.layers import candidates
from lesionflow.files import atomic, write_json
from lesionflow.images import StoredPhoto
from lesionflow.learn import photo_views
from lesionflow.learn.backbones import Backbone
from lesionflow.learn.classifier import Classifier

BATCH = 8


def build(
    backbone: Backbone,
    classifier: Classifier,
    labels: list[str],
    predictions: pd.DataFrame,
    photos: Mapping[str, StoredPhoto],
    settings: ExplainParams,
    folder: Path,
    *,
    name: str,
    seed: int,
) -> dict[str, Any]:
    """Choose the layer on validation photos, write the gallery into `folder`, and return its scores.

    The maps are of the whole photo. A classifier that also looks at other views, as the zoomed middle, or at clinical
    metadata is explained with these held constant: the maps show what of the whole photo spoke for the class.
    """
    tensors = _tensors(backbone, classifier, photos, panel.probes(predictions, settings.probes))
    targets = [int(row) for row in classifier(tensors).argmax(dim=1)]
    layers = candidates(backbone.network, backbone.input_size, count=settings.layers)
    whole = classifier.of_first_view(tensors)
    chosen = choice.choose(whole, tensors[:, 0], targets, layers, settings.method, seed=seed)
    shown = panel.chosen(predictions, right=settings.right, wrong=settings.wrong)
    names = list(shown["sha256"])
    heats = _maps(classifier, _tensors(backbone, classifier, photos, names), shown, labels, chosen, settings)
    gradcam.refuse_broken(heats, chosen.layer, settings.method)
    clear = ~gradcam.broken(heats)
    head = {"model": name, "method": settings.method, "target_layer": chosen.layer.name}
    head |= {"view": classifier.inputs.needed[0], "held_constant": ", ".join(classifier.inputs.needed[1:]) or "nothing"}
    _write(folder, head, shown[clear], heats[clear], photos, backbone)
    return head | {"layer_scores": chosen.scores, "maps": int(clear.sum()), "blank_maps": int((~clear).sum())}


def _tensors(
    backbone: Backbone, classifier: Classifier, photos: Mapping[str, StoredPhoto], names: list[str]
) -> torch.Tensor:
    """The classifier's views of photos (photos, V, 3, H, W)."""
    wanted = classifier.inputs.needed
    pictures = (images.decode(photos[name].read()) for name in names)
    return torch.stack([photo_views.tensors(picture, backbone.preprocess, wanted) for picture in pictures])


def _maps(
    classifier: Classifier,
    tensors: torch.Tensor,
    shown: pd.DataFrame,
    labels: list[str],
    chosen: Choice,
    settings: ExplainParams,
) -> gradcam.Maps:
    targets = [labels.index(label) for label in shown["predicted"]]
    parts = []
    for i in range(0, len(targets), BATCH):
        batch = tensors[i : i + BATCH]
        whole = classifier.of_first_view(batch)
        parts.append(gradcam.maps(whole, batch[:, 0], targets[i : i + BATCH], chosen.layer, settings.method))
    return np.concatenate(parts)


def _write(
    folder: Path,
    head: dict[str, Any],
    shown: pd.DataFrame,
    heats: gradcam.Maps,
    photos: Mapping[str, StoredPhoto],
    backbone: Backbone,
) -> None:
    share = float(backbone.data_config["crop_pct"])
    with atomic(folder) as partial:
        partial.mkdir()
        items = []
        for number, (row, heat) in enumerate(zip(shown.to_dict("records"), heats, strict=True)):
            photo = panel.seen(images.decode(photos[row["sha256"]].read()), backbone.input_size, share)
            names = {"photo": f"{number:02d}.jpg", "overlay": f"{number:02d}-map.jpg"}
            photo.save(partial / names["photo"], quality=85)
            panel.overlay(photo, heat).save(partial / names["overlay"], quality=85)
            said = {key: row[key] for key in ("sha256", "kind", "label", "predicted")}
            items.append(said | {"probability": round(row["probability"], 6)} | names)
        write_json(head | {"items": items}, partial / "index.json")
