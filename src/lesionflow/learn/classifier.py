"""The whole classifier, backbone and head in one network: for explanation and for serving."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from lesionflow.errors import LesionflowError
from lesionflow.learn import clinical, head_inputs, photo_views, weights
from lesionflow.learn import head as heads
from lesionflow.learn.backbones import Backbone
from lesionflow.learn.head import Features, Head, softmax
from lesionflow.learn.head_inputs import Inputs

FULL = Inputs()
"""The study's: the whole photo alone."""


@dataclass(frozen=True)
class Batch:
    """Photos of which the first view changes: that view (B, 3, H, W), and what is held beside it.

    `held` are the features of the other views (B, V - 1, width), `told` the encoded metadata (B, columns).
    """

    photos: Tensor
    held: Tensor
    told: Tensor

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, rows: slice | list[int]) -> "Batch":
        return Batch(self.photos[rows], self.held[rows], self.told[rows])

    @staticmethod
    def joined(parts: Sequence["Batch"]) -> "Batch":
        """The photos of one or more batches in one."""
        each = ([part.photos for part in parts], [part.held for part in parts], [part.told for part in parts])
        return Batch(*map(torch.cat, each))


class Classifier(nn.Module):
    """Views of photos (B, V, 3, H, W) to logits (B, classes); equal to the head on cached features.

    A batch (B, 3, H, W) stands for a single view. `of` names the views, and whether metadata is expected.
    """

    def __init__(self, backbone: Backbone, head: Head, of: Inputs = FULL) -> None:
        super().__init__()
        if head.width != of.width(backbone.width):
            raise LesionflowError(
                f"head of {backbone.slug}",
                got=f"a head for {head.width} features",
                expected=f"{of.width(backbone.width)}, as the backbone gives",
                remedy="Run `dvc repro train`.",
            )
        # Channels last: up to twice as fast on a CPU, and on a GPU what tensor cores want.
        self.network = backbone.pooled.to(memory_format=torch.channels_last)
        self.head, self.width = head, backbone.width
        self.inputs = of
        self.eval()

    def features(self, photos: Tensor) -> Tensor:
        """The backbone's features (B, V, width) of views (B, V, 3, H, W)."""
        flat: Tensor = self.network(photos.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        return flat.reshape(*photos.shape[:2], -1)

    def logits(self, features: Tensor, told: Tensor | None = None) -> Tensor:
        """Logits of features (B, V, width) and encoded metadata (B, columns); without any, all of it is missing."""
        joined = photo_views.joined(features, flips=self.inputs.flips)
        if self.inputs.clinical:
            joined = torch.cat([joined, self._nothing_told(len(joined)) if told is None else told], dim=1)
        logits: Tensor = self.head(joined)
        return logits

    def _nothing_told(self, rows: int) -> Tensor:
        return torch.from_numpy(clinical.encode(pd.DataFrame(index=range(rows)), self.inputs.clinical))

    def forward(self, photos: Tensor, told: Tensor | None = None) -> Tensor:
        """Logits of a batch."""
        return self.logits(self.features(photos[:, None] if photos.ndim == 4 else photos), told)

    def probabilities(self, photos: Tensor, told: Tensor | None = None) -> Features:
        """Softmax probabilities (B, classes), each row summing to 1."""
        with torch.inference_mode():
            return softmax(self(photos, told))

    def holding(self, views: Tensor, told: Tensor) -> Batch:
        """Views (B, V, 3, H, W) with metadata; the backbone looks at all but the first view here, and no more."""
        if not len(views) or views.shape[1] == 1:
            return Batch(views[:, 0], torch.zeros(len(views), views.shape[1] - 1, self.width), told)
        with torch.no_grad():
            return Batch(views[:, 0], self.features(views[:, 1:]), told)

    def of_first_view(self, batch: Batch) -> nn.Module:
        """The logits as a function of the first view alone, (B, 3, H, W), all else held as in `batch`.

        That is what a heat map of one view explains. Called with the first rows of the batch, it holds theirs.
        """
        return _FirstView(self, batch)


class _FirstView(nn.Module):
    """See `Classifier.of_first_view`."""

    def __init__(self, classifier: Classifier, batch: Batch) -> None:
        super().__init__()
        self.classifier, self.batch = classifier, batch

    def forward(self, photos: Tensor) -> Tensor:
        """Logits of a batch (B, 3, H, W)."""
        kept = self.batch[: len(photos)]
        features = torch.cat([self.classifier.features(photos[:, None]), kept.held], dim=1)
        return self.classifier.logits(features, kept.told)


def load_classifier(backbone: Backbone, folder: Path) -> tuple[Classifier, dict[str, Any]]:
    """The classifier of `backbone` and the head in `folder`, and the head's card.

    Raises
    ------
    LesionflowError : no head there, or one trained on features of other weights or another width.
    """
    head, card = heads.load(folder)
    found = weights.digest(backbone.network)
    if card["weights_sha256"] != found:
        raise LesionflowError(
            f"{folder}: the backbone's weights are not those that the head was trained on",
            got=found,
            expected=card["weights_sha256"],
            remedy="Get the same checkpoint, or train anew.",
        )
    return Classifier(backbone, head, head_inputs.of_card(card)), card
