"""What the run's classifiers say of photos from elsewhere, as they are and after statistics matching."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lesionflow import tables
from lesionflow.evaluate import adaptation, predictions
from lesionflow.evaluate.external import Answers
from lesionflow.learn import examples, head_inputs, joining
from lesionflow.learn.head import Head
from lesionflow.params import Joined

Card = Mapping[str, Any]
Reals = npt.NDArray[np.float64]


def of_head(
    head: Head,
    card: Card,
    own: pd.DataFrame,
    trained_on: tuple[pd.DataFrame, pd.DataFrame],
    external: tuple[pd.DataFrame, pd.DataFrame],
    told: pd.DataFrame,
) -> Answers:
    """The answers of one head.

    Metadata beside the features is taken as it is told; only features of photos are matched.

    Parameters
    ----------
    own : table predictions of the run's photos.
    trained_on, external : tables split and features, of the run's photos and of those from elsewhere.
    told : table traits of the latter.
    """
    seen = head_inputs.of_card(card)
    matrix = examples.join(*external, seen, told)
    split, features = trained_on
    train = split[split["split"] == "train"]
    trained = examples.join(train, features, replace(seen, clinical={}), tables.TRAITS.empty())
    width = trained.shape[1]
    matched = np.concatenate([adaptation.match_statistics(matrix[:, :width], trained), matrix[:, width:]], axis=1)
    return Answers(
        model=card["model"],
        own=own,
        external=predictions.table(external[0], head.probabilities(matrix), card["labels"], model=card["model"]),
        matched=head.probabilities(matched).astype(float),
        shares=joining.shares(card),
        tau=adjustment(card, card["tau"]),
    )


def of_pair(pair: Joined, members: Sequence[Answers], cards: Sequence[Card]) -> Answers:
    """The answers of two heads joined, as stage join joins them; what it chose on validation comes out the same."""
    first, rows = members[0], len(members[0].own)
    plain = joining.join([_of_all(one, one.external) for one in members], cards)
    matched = joining.join(
        [_of_all(one, one.external.assign(probabilities=list(one.matched))) for one in members], cards
    )
    labels = list(cards[0]["labels"])
    return Answers(
        model=pair.name,
        own=predictions.table(first.own, plain.probabilities[:rows], labels, model=pair.name),
        external=predictions.table(first.external, plain.probabilities[rows:], labels, model=pair.name),
        matched=matched.probabilities[rows:].astype(float),
        shares=first.shares,
        tau=adjustment(cards[0], plain.told["tau"]),
    )


def _of_all(answers: Answers, external: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([answers.own, external], ignore_index=True)


def adjustment(card: Card, tau: float) -> float:
    """How far probabilities are adjusted for the classes' shares: after training (`tau`), and in the loss.

    A loss that weighs classes by (1 / share) to a power, or adjusts logits by so much, does the same to the posterior.
    """
    return float(tau + card.get("train_tau", 0.0) + card.get("weight_power", 0.0))
