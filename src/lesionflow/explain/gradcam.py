"""Grad-CAM of the whole classifier by the grad-cam library, with maps that are checked before anyone sees them."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import pytorch_grad_cam
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from lesionflow.errors import LesionflowError
from lesionflow.explain.layers import Layer
from lesionflow.params import Section

Maps = npt.NDArray[np.float32]
METHODS = {
    "gradcam": pytorch_grad_cam.GradCAM,
    "gradcamplusplus": pytorch_grad_cam.GradCAMPlusPlus,
    "hirescam": pytorch_grad_cam.HiResCAM,
    "layercam": pytorch_grad_cam.LayerCAM,
}


class ExplainParams(Section):
    """Method, number of photos shown, and how the layer is chosen (see params.yaml)."""

    method: Literal["gradcam", "gradcamplusplus", "hirescam", "layercam"]
    right: int
    wrong: int
    layers: int
    probes: int


def maps(classifier: nn.Module, photos: Tensor, targets: list[int], layer: Layer, method: str) -> Maps:
    """Maps (B, H, W) in 0-1, one for the target class of each photo (B, 3, H, W); all zero where nothing speaks for it.

    The photos require a gradient, because a frozen network has none of its own.
    """
    cam = METHODS[method](model=classifier, target_layers=[layer.module], reshape_transform=layer.reshape)
    try:
        found = cam(photos.clone().requires_grad_(True), [ClassifierOutputTarget(target) for target in targets])
    finally:
        # Not used as a context manager: its exit swallows IndexError.
        cam.activations_and_grads.release()
    return np.asarray(found, dtype=np.float32)


def broken(found: Maps) -> npt.NDArray[np.bool_]:
    """Which maps are constant or not finite, and so show nothing."""
    finite = np.isfinite(found).all(axis=(1, 2))
    return np.asarray(~finite | (np.ptp(np.nan_to_num(found), axis=(1, 2)) < 1e-6))


def refuse_broken(found: Maps, layer: Layer, method: str) -> None:
    """Raise when most maps show nothing: such a layer explains nothing.

    A single blank map is possible (no place speaks for the class, and CAM drops what speaks against it); it never
    becomes a picture, and is counted.
    """
    blank = int(broken(found).sum())
    if blank > len(found) / 2:
        raise LesionflowError(
            f"explain: most maps of {method} at layer {layer.name} are blank or not finite",
            got=f"{blank} of {len(found)}",
            expected="maps with higher and lower places",
            remedy="Try another explain.method in params.yaml.",
        )


def confidence_drop(classifier: nn.Module, photos: Tensor, targets: list[int], found: Maps, *, share: float) -> Maps:
    """Loss of the target's probability (B,) when the top `share` of each map is blurred away."""
    size = photos.shape[-1] // 8 * 2 + 1
    blurred = nn.functional.avg_pool2d(photos, size, stride=1, padding=size // 2, count_include_pad=False)
    edge = np.quantile(found, 1 - share, axis=(1, 2), keepdims=True)
    hidden = torch.from_numpy(found >= edge)[:, None]
    rows = torch.arange(len(photos))
    with torch.inference_mode():
        before, after = (classifier(batch).softmax(dim=1) for batch in (photos, torch.where(hidden, blurred, photos)))
    return np.asarray((before - after)[rows, torch.tensor(targets)].numpy())
