"""What heads answer on corrupted photos, from the features of one pass."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from lesionflow.learn import examples, head_inputs, joining
from lesionflow.learn.head import Features, Head
from lesionflow.learn.head_inputs import Inputs

KEYS = ["sha256", "corruption", "severity"]
ABOUT = [*KEYS, "label", "class_id", "group", "area"]


def answers(
    head: Head,
    card: Mapping[str, Any],
    corrupted: pd.DataFrame,
    split: pd.DataFrame,
    told: pd.DataFrame,
    *,
    untold: Collection[str] = (),
) -> pd.DataFrame:
    """Of each corrupted photo its truth, the head's probabilities, and the share of the first view under the artefact.

    Metadata of the photos counts as in the predictions; only the pictures change.

    Parameters
    ----------
    corrupted, split, told : tables corrupted, split and traits.
    untold : corruptions under which nothing is told, so that what is right then comes from the picture.
    """
    rows, matrix = _seen(head_inputs.of_card(card), corrupted, split, told, untold)
    return answered(rows[ABOUT], head.probabilities(matrix), card["labels"])


def _seen(
    seen: Inputs, corrupted: pd.DataFrame, split: pd.DataFrame, told: pd.DataFrame, untold: Collection[str] = ()
) -> tuple[pd.DataFrame, Features]:
    first = corrupted[corrupted["view"] == seen.needed[0]]
    rows = first[[*KEYS, "area"]].merge(split[["sha256", "label", "class_id", "group"]], on="sha256", validate="m:1")
    # `join` looks photos up by sha256: here one is told by photo, corruption and severity.
    photo = rows.assign(sha256=_name(rows))
    return rows, examples.join(
        photo, corrupted.assign(sha256=_name(corrupted)), seen, _told(rows[~rows["corruption"].isin(untold)], told)
    )


def of_corrupted(
    card: Mapping[str, Any], corrupted: pd.DataFrame, split: pd.DataFrame, told: pd.DataFrame
) -> tuple[pd.DataFrame, Features]:
    """Each corrupted photo, and what a head sees of it without metadata; parameters as of `answers`."""
    seen = replace(head_inputs.of_card(card), clinical={})
    return _seen(seen, corrupted, split, told)


def of_photos(
    card: Mapping[str, Any], features: pd.DataFrame, split: pd.DataFrame, told: pd.DataFrame
) -> tuple[Features, pd.DataFrame]:
    """What a head sees of each photo of the split, without metadata; and split, source, label and group of each.

    Parameters
    ----------
    features, split, told : tables features, split and traits.
    """
    seen = replace(head_inputs.of_card(card), clinical={})
    rows = split.merge(told[["sha256", "source"]], on="sha256", how="left", validate="1:1")
    return examples.join(split, features, seen, told), rows[["split", "source", "label", "group"]]


def answered(about: pd.DataFrame, probabilities: Features, labels: Sequence[str]) -> pd.DataFrame:
    """Rows with their probabilities and the label of the largest one."""
    predicted = [labels[place] for place in probabilities.argmax(axis=1)]
    return about.assign(predicted=predicted, probabilities=list(probabilities)).sort_values(KEYS, ignore_index=True)


def of_pair(
    own: Sequence[pd.DataFrame], members: Sequence[pd.DataFrame], cards: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """The answers of two heads joined, as stage join joins them; what it chose on validation comes out the same.

    Parameters
    ----------
    own : table predictions of each.
    members : from `answers`, of each.
    """
    keys = ["sha256", "split", "class_id", "probabilities"]
    both = [
        pd.concat([mine[keys], some.assign(sha256=_name(some), split="corrupted")[keys]], ignore_index=True)
        for mine, some in zip(own, members, strict=True)
    ]
    joined = joining.join(both, cards).probabilities[len(own[0]) :]
    return answered(members[0][ABOUT], joined, cards[0]["labels"])


def _name(rows: pd.DataFrame) -> "pd.Series[str]":
    return rows["sha256"] + "/" + rows["corruption"] + "/" + rows["severity"].astype(str)


def _told(rows: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    known = rows[KEYS].merge(told, on="sha256", how="left")
    return known.assign(sha256=_name(known)).drop(columns=["corruption", "severity"])
