"""Fitting a head's linear discriminant: Fisher's, with a covariance that is shrunk towards a multiple of the identity.

Friedman 1989, "Regularized discriminant analysis". A frozen backbone gives as many features as a small set has photos:
unshrunk, their covariance cannot be inverted, and with shrinkage this one solution of linear equations is as good as a
trained head. Its probabilities are far too sure (on milk10k some six times), so that they are scaled on validation.
"""

import numpy as np
import numpy.typing as npt
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from threadpoolctl import threadpool_limits
from torch import Tensor

from lesionflow import scaling
from lesionflow.learn.head import Discriminant, roots

Known = tuple[Tensor, Tensor]
"""A head's inputs (photos, width), and class ids (photos,)."""


def fitted(train: Known, val: Known, *, shrinkage: float) -> Discriminant:
    """The discriminant that `train` gives, at the temperature that `val` gives.

    Parameters
    ----------
    train : of which every class has one or more photos.
    shrinkage : 0-1; of the covariance within classes, towards its mean variance on the diagonal.
    """
    # In one thread, as the rest of the head: the number of threads changes the order of sums.
    with threadpool_limits(1):
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
        model.fit(_rooted(train), train[1].numpy())
        temperature = scaling.fit_temperature(model.predict_proba(_rooted(val)), val[1].numpy()) or 1.0
    weights, biases = model.coef_ / temperature, model.intercept_ / temperature
    if len(weights) == 1:  # of two classes, scikit-learn gives the second's logit over the first's
        weights, biases = (np.concatenate([np.zeros_like(one), one]) for one in (weights, biases))
    made = Discriminant(*weights.shape[::-1])
    with torch.no_grad():
        made.linear.weight.copy_(torch.from_numpy(weights))
        made.linear.bias.copy_(torch.from_numpy(biases))
    return made


def _rooted(known: Known) -> npt.NDArray[np.float64]:
    return np.asarray(roots(known[0]).double().numpy())
