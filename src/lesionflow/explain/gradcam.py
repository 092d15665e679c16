"""Grad-CAM of the whole classifier by the grad-cam library, with maps that are checked before anyone sees them."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import pytorch_grad_cam
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from lesionflow.errors import LesionflowError
from lesionflow.explain.layers import Layer
from lesionflow.learn.classifier import Batch

Maps = npt.NDArray[np.float32]
METHODS = {
    "gradcam": pytorch_grad_cam.GradCAM,
    "gradcamplusplus": pytorch_grad_cam.GradCAMPlusPlus,
    "hirescam": pytorch_grad_cam.HiResCAM,
    "layercam": pytorch_grad_cam.LayerCAM,
}
BATCH = 8


class Whole(Protocol):
    """A classifier of several views, and perhaps metadata (see `learn.classifier`)."""

    def of_first_view(self, batch: Batch) -> nn.Module:
        """The logits as a function of the first view alone."""


def maps(classifier: nn.Module, photos: Tensor, targets: list[int], layer: Layer, method: str) -> Maps:
    """Maps (B, H, W) in 0-1, one for the target class of each photo (B, 3, H, W); all zero where nothing speaks for it.

    The gradient starts at the layer: a frozen network has none of its own, and what lies before the layer costs no
    backward pass.
    """
    # Hooks run in this order: cut off what lies before; let the library look; spare its tensor from in-place work.
    cut = layer.module.register_forward_hook(lambda _module, _inputs, output: output.detach().requires_grad_(True))
    cam = METHODS[method](model=classifier, target_layers=[layer.module], reshape_transform=layer.reshape)
    spare = layer.module.register_forward_hook(lambda _module, _inputs, output: output.clone())
    try:
        found = cam(photos, [ClassifierOutputTarget(target) for target in targets])
    finally:
        # Not used as a context manager: its exit swallows IndexError.
        cam.activations_and_grads.release()
        cut.remove()
        spare.remove()
    return np.asarray(found, dtype=np.float32)


def batched(classifier: "Whole", seen: Batch, targets: list[int], layer: Layer, method: str) -> Maps:
    """`maps` of many photos, some at a time, with all that is seen but the first view held constant."""
    parts = [
        maps(classifier.of_first_view(some), some.photos, targets[i : i + BATCH], layer, method)
        for i, some in ((i, seen[i : i + BATCH]) for i in range(0, len(targets), BATCH))
    ]
    return np.concatenate(parts) if parts else np.zeros((0, *seen.photos.shape[-2:]), dtype=np.float32)


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
            remedy="Try other explain.methods in params.yaml.",
        )


def probabilities(classifier: nn.Module, photos: Tensor, targets: list[int]) -> Maps:
    """The probability of each photo's target (B,)."""
    with torch.inference_mode():
        found: Tensor = classifier(photos).softmax(dim=1)[torch.arange(len(photos)), torch.tensor(targets)]
    return np.asarray(found.numpy())


def blurred(photos: Tensor) -> Tensor:
    """Photos (B, 3, H, W) averaged over a quarter of the side: what stands in for what is hidden."""
    size = photos.shape[-1] // 8 * 2 + 1
    for window, padding in (((size, 1), (size // 2, 0)), ((1, size), (0, size // 2))):  # a hundredth of a square's sums
        photos = nn.functional.avg_pool2d(photos, window, stride=1, padding=padding, count_include_pad=False)
    return photos


def top(found: Maps, share: float) -> Tensor:
    """Where (B, 1, H, W) each map is in its top `share`; ties beyond it fall to the places that come first.

    Every map hides the same area, or a map with large even regions would hide more than another.
    """
    flat = found.reshape(len(found), -1)
    count = round(share * flat.shape[1])
    order = np.argsort(-flat, axis=1, kind="stable")[:, :count]
    chosen = np.zeros(flat.shape, dtype=bool)
    np.put_along_axis(chosen, order, True, axis=1)
    return torch.from_numpy(chosen.reshape(found.shape))[:, None]


def confidence_drop(classifier: nn.Module, photos: Tensor, targets: list[int], found: Maps, *, share: float) -> Maps:
    """Loss of the target's probability (B,) when the top `share` of each map is blurred away."""
    hidden = torch.where(top(found, share), blurred(photos), photos)
    return probabilities(classifier, photos, targets) - probabilities(classifier, hidden, targets)
