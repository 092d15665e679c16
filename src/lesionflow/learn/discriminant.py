"""Fitting a head's linear discriminant: Fisher's, with a covariance that is shrunk towards a multiple of the identity.

Friedman 1989, "Regularized discriminant analysis". A frozen backbone gives as many features as a small set has photos:
unshrunk, their covariance cannot be inverted, and with shrinkage this one solution of linear equations is as good as a
trained head. Its probabilities are far too sure (on milk10k some six times), so that they are scaled on validation.
"""

import numpy as np
import numpy.typing as npt
import torch
from scipy.linalg import lstsq
from scipy.special import softmax
from sklearn.covariance import shrunk_covariance
from threadpoolctl import threadpool_limits
from torch import Tensor

from lesionflow import scaling
from lesionflow.learn.head import Discriminant, roots

Known = tuple[Tensor, Tensor]
"""A head's inputs (photos, width), and class ids (photos,)."""
Reals = npt.NDArray[np.float64]


def fitted(train: Known, val: Known, *, shrinkage: float) -> Discriminant:
    """The discriminant that `train` gives, at the temperature that `val` gives.

    Parameters
    ----------
    train : of which every class has one or more photos.
    shrinkage : 0-1; of the covariance within classes, towards its mean variance on the diagonal.
    """
    # In one thread, as the rest of the head: the number of threads changes the order of sums.
    with threadpool_limits(1):
        weights, biases = _solved(_rooted(train), train[1].numpy(), shrinkage)
        sure = softmax(_rooted(val) @ weights.T + biases, axis=1)
    temperature = scaling.fit_temperature(sure, val[1].numpy()) or 1.0
    made = Discriminant(*weights.shape[::-1])
    with torch.no_grad():
        made.linear.weight.copy_(torch.from_numpy(weights / temperature))
        made.linear.bias.copy_(torch.from_numpy(biases / temperature))
    return made


def _solved(inputs: Reals, class_ids: npt.NDArray[np.int64], shrinkage: float) -> tuple[Reals, Reals]:
    """Weights (classes, width) and biases (classes,): what scikit-learn's discriminant gives, some times sooner.

    That one shrinks the covariance of each class by itself, which comes to the same, and solves by singular values.
    """
    counts = np.bincount(class_ids)
    means = np.stack([inputs[class_ids == class_id].mean(axis=0) for class_id in range(len(counts))])
    around = inputs - means[class_ids]
    covariance = shrunk_covariance(around.T @ around / len(around), shrinkage)
    # Least squares, since without shrinkage the covariance may have no inverse.
    weights = np.asarray(lstsq(covariance, means.T, lapack_driver="gelsy")[0]).T
    return weights, np.log(counts / counts.sum()) - (means * weights).sum(axis=1) / 2


def _rooted(known: Known) -> Reals:
    return np.asarray(roots(known[0]).double().numpy())
