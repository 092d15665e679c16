"""The whole classifier, backbone and head in one network: for explanation and for serving."""

from torch import Tensor, nn

from lesionflow.errors import LesionflowError
from lesionflow.learn.backbones import Backbone
from lesionflow.learn.head import Head


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
