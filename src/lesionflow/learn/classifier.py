"""The whole classifier, backbone and head in one network: for explanation and for serving."""

from pathlib import Path

import torch
from torch import Tensor, nn

from lesionflow.errors import LesionflowError
from lesionflow.learn import head as heads
from lesionflow.learn import weights
from lesionflow.learn.backbones import Backbone
from lesionflow.learn.head import Features, Head, softmax


class Classifier(nn.Module):
    """Photo tensors (B, 3, H, W) to logits (B, classes); equal to the head on cached features."""

    def __init__(self, backbone: Backbone, head: Head) -> None:
        super().__init__()
        if head.width != backbone.width:
            raise LesionflowError(
                f"head of {backbone.slug}",
                got=f"a head for {head.width} features",
                expected=f"{backbone.width}, as the backbone gives",
                remedy="Run `dvc repro train`.",
            )
        self.network = backbone.network
        self.head = head
        self.eval()

    def forward(self, photos: Tensor) -> Tensor:
        """Logits of a batch."""
        logits: Tensor = self.head(self.network(photos))
        return logits

    def probabilities(self, photos: Tensor) -> Features:
        """Softmax probabilities (B, classes), each row summing to 1."""
        with torch.inference_mode():
            return softmax(self(photos))


def load_classifier(backbone: Backbone, folder: Path) -> tuple[Classifier, list[str]]:
    """The classifier of `backbone` and the head in `folder`, and its labels in the order of class_id.

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
    return Classifier(backbone, head), list(card["labels"])
