"""Whether maps show what the network uses: its confidence while what they mark is taken away or brought back."""

from collections.abc import Mapping

import numpy as np
import torch
from pytorch_grad_cam.metrics.road import ROADLeastRelevantFirst, ROADMostRelevantFirst
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget
from scipy.stats import spearmanr
from torch import Tensor, nn

from lesionflow import seeding
from lesionflow.explain import gradcam
from lesionflow.explain.gradcam import Maps

SHARE = 0.2
"""Of the photo, for the confidence drop and for ROAD."""
GRAIN = 28
"""Cells on a side at which two maps are compared: finer than any network's grid."""
Values = dict[str, Maps]


def curves(
    classifier: nn.Module, photos: Tensor, targets: list[int], maps: Mapping[str, Maps], *, steps: int
) -> dict[str, Values]:
    """By name of the maps, the drop, deletion and insertion of each photo (B,).

    Deletion blurs a map's top, from none to all of the photo in `steps` steps, and insertion brings it back into the
    blurred photo; each is the area under the probability's curve, by trapezia (Petsiuk et al. 2018, RISE, who set to 0
    what we blur). The drop is what blurring the top `SHARE` costs.
    """
    hidden = gradcam.blurred(photos)
    shares = np.linspace(0, 1, steps + 1)
    whole, none = (gradcam.probabilities(classifier, one, targets) for one in (photos, hidden))
    found = {}
    for name, some in maps.items():
        tops = [gradcam.top(some, float(share)) for share in shares[1:-1]]
        deleted = [gradcam.probabilities(classifier, torch.where(top, hidden, photos), targets) for top in tops]
        inserted = [gradcam.probabilities(classifier, torch.where(top, photos, hidden), targets) for top in tops]
        dropped = torch.where(gradcam.top(some, SHARE), hidden, photos)
        found[name] = {
            "drop": whole - gradcam.probabilities(classifier, dropped, targets),
            "deletion": np.trapezoid(np.stack([whole, *deleted, none]), shares, axis=0),
            "insertion": np.trapezoid(np.stack([none, *inserted, whole]), shares, axis=0),
        }
    return found


def road(classifier: nn.Module, photos: Tensor, targets: list[int], found: Maps, *, seed: int) -> Maps:
    """ROAD of each photo (B,), by the library (Rong et al. 2022): above 0 when the map's order means something.

    Half of what the probability loses more when the most relevant `SHARE` is filled in from its surroundings than when
    the least relevant one is.
    """
    goals = [ClassifierOutputSoftmaxTarget(target) for target in targets]
    fills = (kind(round(100 * (1 - SHARE))) for kind in (ROADLeastRelevantFirst, ROADMostRelevantFirst))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.derive(seed, "road"))  # the library adds a little noise to what it fills in
        least, most = (fill(photos, _ranked(found), goals, classifier, return_diff=False) for fill in fills)
    return np.asarray((least - most) / 2, dtype=np.float32)


def _ranked(found: Maps) -> Maps:
    """Each map as ranks in 0-1: where much of it is 0, the library would fill in all of that instead of a fifth."""
    flat = found.reshape(len(found), -1)
    ranks = np.empty_like(flat)
    np.put_along_axis(
        ranks, np.argsort(flat, axis=1, kind="stable"), np.arange(flat.shape[1], dtype=np.float32), axis=1
    )
    return np.asarray((ranks / flat.shape[1]).reshape(found.shape), dtype=np.float32)


def likeness(first: Maps, second: Maps) -> Maps:
    """Spearman's correlation of two maps of each photo (B,); 0 where one of them is constant."""
    small = [_coarse(maps).reshape(len(maps), -1) for maps in (first, second)]
    pairs = zip(*small, strict=True)
    return np.array(
        [0.0 if np.ptp(one) == 0 or np.ptp(other) == 0 else spearmanr(one, other).statistic for one, other in pairs],
        dtype=np.float32,
    )


def _coarse(maps: Maps) -> Maps:
    pooled = nn.functional.adaptive_avg_pool2d(torch.from_numpy(maps)[:, None], GRAIN)
    return np.asarray(pooled[:, 0].numpy())
