"""All that is explained of one classifier: choice on validation, scores on test, gallery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from lesionflow.errors import LesionflowError
from lesionflow.explain import (
    choice,
    corrupted,
    corruptions,
    gallery,
    gradcam,
    localisation,
    measuring,
    panel,
    sampling,
)
from lesionflow.explain.choice import Choice
from lesionflow.explain.layers import candidates
from lesionflow.explain.localisation import Flags
from lesionflow.explain.measuring import Photos
from lesionflow.explain.settings import ExplainParams
from lesionflow.images import StoredPhoto
from lesionflow.learn import clinical, photo_views
from lesionflow.learn.backbones import Backbone
from lesionflow.learn.classifier import Batch, Classifier

TOLERANCE = 0.01
"""Of a probability: what the path that is explained may differ from the predictions that are measured."""


@dataclass(frozen=True)
class Explained:
    """Tables map_scores and artefact_maps, and what is said of the maps."""

    scores: pd.DataFrame
    artefacts: pd.DataFrame
    told: dict[str, Any]


class _Look(NamedTuple):
    """Of a photo: what the classifier looks at (one row), its size, the part that is shown, and what is drawn into."""

    seen: Batch
    size: tuple[int, int]
    shown: Image.Image
    plain: Image.Image


class Explainer:
    """One classifier, the photos of its predictions, and the masks that are known."""

    def __init__(
        self,
        backbone: Backbone,
        classifier: Classifier,
        labels: list[str],
        predictions: pd.DataFrame,
        photos: Mapping[str, StoredPhoto],
        masks: Mapping[str, StoredPhoto],
        traits: pd.DataFrame,
        settings: ExplainParams,
        *,
        seed: int,
    ) -> None:
        self.backbone, self.classifier, self.labels = backbone, classifier, labels
        self.predictions, self.photos, self.masks = predictions, photos, masks
        self.traits, self.settings, self.seed = traits.set_index("sha256"), settings, seed
        self.groups: dict[str, str] = dict(zip(predictions["sha256"], predictions["group"], strict=True))
        self.looks: dict[str, _Look] = {}
        self.looked_at: dict[str, Flags | None] = {}
        self.unusable_masks: dict[str, int] = {}

    def explain(self, folder: Path, *, name: str) -> Explained:
        """Write the gallery into `folder`, and measure.

        The maps are of the whole photo. A classifier that also looks at other views, as the zoomed middle, or at
        clinical metadata is explained with these held constant: the maps show what of the whole photo spoke for the
        class.
        """
        test = self.predictions[self.predictions["split"] == "test"]
        val = self._photos(panel.probes(self.predictions, self.settings.probes))
        layers = candidates(self.backbone.network, self.backbone.input_size, count=self.settings.layers)
        whole = self.classifier.of_first_view(val.seen)
        chosen = choice.choose(whole, val.seen.photos, val.targets, layers, self.settings.methods, seed=self.seed)
        measured = self._photos(sampling.subset(test, self.settings.photos, seed=self.seed))
        scores = measuring.scores(self.classifier, measured, val, chosen, self.settings, seed=self.seed)
        artefacts = self._artefacts(sampling.subset(test, self.settings.artefact_photos, seed=self.seed), chosen)
        told = self._head(name, chosen)
        shown = self._show(folder, told, chosen)
        return Explained(scores, artefacts, told | shown | {"masks_not_used": self.unusable_masks})

    def _head(self, name: str, chosen: Choice) -> dict[str, Any]:
        views = self.classifier.inputs.needed
        return {
            "model": name,
            "method": chosen.method,
            "target_layer": chosen.layer.name,
            "view": views[0],
            "held_constant": ", ".join([*views[1:], *self.classifier.inputs.clinical]) or "nothing",
            "layer_scores": chosen.layers,
            "method_scores": chosen.methods,
        }

    def _show(self, folder: Path, told: dict[str, Any], chosen: Choice) -> dict[str, Any]:
        shown, absent = panel.chosen(self.predictions, self.labels, self.settings.gallery)
        rows = list(dict.fromkeys(shown["sha256"]))
        seen = self._seen(rows)[[rows.index(sha256) for sha256 in shown["sha256"]]]
        self._refuse_other_answers(seen, shown)

        def make(targets: list[int]) -> gradcam.Maps:
            return gradcam.batched(self.classifier, seen, targets, chosen.layer, chosen.method)

        heats = gallery.maps_of(make, shown, self.labels)
        gradcam.refuse_broken(heats["predicted"], chosen.layer, chosen.method)
        blank = int(gradcam.broken(heats["predicted"]).sum())
        head = told | {"labels": self.labels, "absent": absent}
        gallery.write(folder, head, shown, heats, lambda sha256: self._look(sha256).shown, self._lesions(rows))
        return {"maps": len(shown) - blank, "blank_maps": blank}

    def _photos(self, names: Sequence[str]) -> Photos:
        seen = self._seen(names)
        targets = [int(row) for row in self._answers(seen).argmax(dim=1)]
        return Photos(list(names), [self.groups[name] for name in names], seen, targets, self._lesions(names))

    def _seen(self, names: Sequence[str]) -> Batch:
        found = [self._look(name).seen for name in names]
        if not found:
            views = torch.zeros(0, len(self.classifier.inputs.needed), 3, *[self.backbone.input_size] * 2)
            return self.classifier.holding(views, self._told(names))
        return Batch.joined(found)

    def _told(self, names: Sequence[str]) -> Tensor:
        """The encoded metadata of photos (photos, columns)."""
        return torch.from_numpy(clinical.encode(self.traits.reindex(list(names)), self.classifier.inputs.clinical))

    def _look(self, name: str) -> _Look:
        """Each photo is decoded once, and its views beside the first are looked at once: all else asks of the first."""
        if name not in self.looks:
            preprocess, share = self.backbone.preprocess, float(self.backbone.data_config["crop_pct"])
            picture = preprocess.decoded(self.photos[name].read())
            views = photo_views.tensors(picture, preprocess, self.classifier.inputs.needed)
            shown = panel.seen(picture, self.backbone.input_size, share)
            seen = self.classifier.holding(views[None], self._told([name]))
            self.looks[name] = _Look(seen, picture.size, shown, corrupted.at_size(picture))
        return self.looks[name]

    def _answers(self, seen: Batch) -> Tensor:
        """Probabilities (photos, classes)."""
        some = (seen[start : start + gradcam.BATCH] for start in range(0, len(seen), gradcam.BATCH))
        with torch.inference_mode():
            parts = [self.classifier.of_first_view(one)(one.photos).softmax(dim=1) for one in some]
        return torch.cat(parts) if parts else torch.zeros(0, len(self.labels))

    def _lesions(self, names: Sequence[str]) -> dict[str, Flags]:
        """The lesions of photos; each mask is looked at, and counted when it cannot be used, once."""
        new = {name: self.masks[name] for name in names if name in self.masks and name not in self.looked_at}
        found = localisation.masks(new, self._sizes(new), self.backbone.preprocess)
        self.looked_at.update({name: found.seen.get(name) for name in new})
        for reason, count in found.unusable.items():
            self.unusable_masks[reason] = self.unusable_masks.get(reason, 0) + count
        known = {name: self.looked_at.get(name) for name in names}
        return {name: lesion for name, lesion in known.items() if lesion is not None}

    def _sizes(self, names: Mapping[str, StoredPhoto]) -> dict[str, tuple[int, int]]:
        return {name: self._look(name).size for name in names}

    def _artefacts(self, names: Sequence[str], chosen: Choice) -> pd.DataFrame:
        wanted, severity = self.classifier.inputs.needed, self.settings.artefact_severity

        def draw(name: str, corruption: str) -> tuple[Tensor, Flags]:
            picture = self._look(name).plain
            made = corruptions.corrupt(picture, corruption, severity, of=name, seed=self.seed)
            cover = np.zeros(picture.size[::-1], dtype=bool) if made.cover is None else made.cover
            in_view = localisation.in_view(Image.fromarray(cover), self.backbone.preprocess)
            return photo_views.tensors(made.picture, self.backbone.preprocess, wanted), in_view

        groups = [(name, self.groups[name]) for name in names]
        return measuring.artefact_maps(self.classifier, groups, self._told(names), draw, chosen)

    def _refuse_other_answers(self, seen: Batch, shown: pd.DataFrame) -> None:
        """Stop when the explained path answers otherwise than what was measured: its maps would be of another model."""
        measured = np.stack(shown["probabilities"].to_list())
        apart = float(np.abs(self._answers(seen).numpy() - measured).max())
        if not apart <= TOLERANCE:
            raise LesionflowError(
                "explain: the network with its head does not give the predictions that were measured",
                got=f"probabilities that differ by {apart:.4f}",
                expected=f"at most {TOLERANCE}",
                remedy="Run `dvc repro -f extract_features`.",
            )
