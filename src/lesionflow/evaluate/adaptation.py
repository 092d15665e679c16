"""What can be recovered on photos from elsewhere without a single label of theirs.

- Statistics matching: each feature is moved and scaled to the mean and deviation that it has over the training photos
  (first and second moments by feature, as in adaptive batch normalisation, Li et al. 2017; the head stays as it is).
- Prior shift correction: the shares of the classes among the new photos are estimated from the probabilities alone, and
  the probabilities follow (Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a
  priori probabilities"). It takes for granted that only the shares changed, which is rarely all.

Both look at all new photos at once, never at their labels.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from lesionflow import scaling

Reals = npt.NDArray[np.float64]
LOWEST = scaling.LOWEST
STEPS, ENOUGH = 1000, 1e-7
"""Steps of the estimate at most, and the change of a share at which it ends."""


def match_statistics(features: npt.NDArray[np.floating], own: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Features (photos, width) with the mean and deviation, by column, of the training photos' (own, width).

    A column that does not vary among the new photos is only moved. Without photos there is nothing to match.
    """
    if not len(features):
        return np.asarray(features, dtype=np.float32)
    wide, trained = features.astype(float), own.astype(float)
    spread, wanted = wide.std(axis=0), trained.std(axis=0)
    scale = np.divide(wanted, spread, out=np.ones_like(spread), where=spread > 0)
    return np.asarray((wide - wide.mean(axis=0)) * scale + trained.mean(axis=0), dtype=np.float32)


def estimated_shares(posterior: Reals, shares: Reals) -> Reals:
    """Shares of the classes (classes,) among photos, from posteriors (photos, classes) that hold at `shares`.

    Maximum likelihood by expectation and maximisation (Saerens et al. 2002, eq. 2.9), from `shares` on. Without photos
    they stay as they are.
    """
    found = shares
    for _ in range(STEPS if len(posterior) else 0):
        weighted = posterior * (found / shares)
        next_ = (weighted / weighted.sum(axis=1, keepdims=True)).mean(axis=0)
        done = np.abs(next_ - found).max() < ENOUGH
        found = next_
        if done:
            break
    return np.asarray(found, dtype=float)


def unadjusted(probabilities: Reals, shares: Reals, *, tau: float) -> Reals:
    """The posteriors at the training photos' `shares`, before logits were adjusted by `tau` times their logarithm."""
    return np.asarray(softmax(np.log(probabilities.clip(LOWEST)) + tau * np.log(shares), axis=1))


def at_shares(probabilities: Reals, shares: Reals, found: Reals, *, tau: float) -> Reals:
    """Probabilities (photos, classes) as they would be, had the classes the shares `found` instead of `shares`.

    A classifier that was adjusted for rare classes (tau above 0) keeps that trade: its decision takes tau times the log
    share from each logit, here of the shares found. So the correction is raised to 1 - tau, and from tau = 1 on there
    is none, since shares play no part any more.
    """
    ratio = np.log(found.clip(LOWEST)) - np.log(shares)
    return np.asarray(softmax(np.log(probabilities.clip(LOWEST)) + max(0.0, 1 - tau) * ratio, axis=1))


def correct_prior(probabilities: Reals, shares: Reals, *, tau: float, temperature: float | None) -> tuple[Reals, Reals]:
    """Probabilities after prior shift correction, and the shares found.

    Parameters
    ----------
    probabilities : of the photos from elsewhere (photos, classes), as the classifier gives them.
    shares : of the classes among its training photos (classes,), each above 0.
    tau : the adjustment after training that the probabilities contain.
    temperature : of the posteriors on validation, since the estimate needs calibrated ones (Alexandari et al. 2020,
        "Maximum likelihood with bias-corrected calibration is hard-to-beat at label shift adaptation"); None for 1.
    """
    posterior = scaling.apply_temperature(unadjusted(probabilities, shares, tau=tau), temperature)
    found = estimated_shares(posterior, shares)
    return at_shares(probabilities, shares, found, tau=tau), found
