"""What a gallery shows: sections of groups of items, each group cut to what a person can look through."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pandas as pd

from lesionflow.report.cards import Card, Origin
from lesionflow.report.settings import GalleryParams

Rows = list[tuple[str, str]]
"""Rows of data/decisions.csv to copy: when they are right, and the rows."""


@dataclass(frozen=True)
class Item:
    """One photo, or several side by side, with what is said of them."""

    cards: list[Card]
    facts: list[tuple[str, str]]
    rows: Rows = field(default_factory=list)


@dataclass(frozen=True)
class Group:
    """Items of one kind, of `total`; `shown` says how many of them, and which."""

    name: str
    total: int
    intro: str
    shown: str
    items: list[Item]


@dataclass(frozen=True)
class Section:
    """Groups under one heading; `nothing` is said when there are none."""

    slug: str
    name: str
    intro: str
    nothing: str
    groups: list[Group]


def cut(ordered: pd.DataFrame, settings: GalleryParams, *, graded: bool) -> tuple[pd.DataFrame, str]:
    """The rows that are shown, and how many of how many, in words.

    Parameters
    ----------
    ordered : strongest evidence first.
    graded : whether the order is one of evidence, so that its weak end is worth a look: mistakes are there.
    """
    total, most = len(ordered), settings.most
    if total <= most:
        return ordered, f"{total:,} of {total:,} shown."
    weak = settings.borderline if graded else 0
    shown = pd.concat([ordered.head(most - weak), ordered.tail(weak)] if weak else [ordered.head(most)])
    which = f": the {most - weak:,} of the clearest evidence, then the {weak:,} of the weakest" if weak else ""
    return shown, f"{most:,} of {total:,} shown{which}."


def photos(sections: Sequence[Section]) -> set[str]:
    """The content hashes of the photos that are shown."""
    return {card.sha256 for card in _cards(sections) if card.sha256 is not None}


def origins(sections: Sequence[Section]) -> list[Origin]:
    """Where the photos that are shown come from, sorted."""
    return sorted({origin for card in _cards(sections) for origin in card.origins})


def _cards(sections: Sequence[Section]) -> Iterator[Card]:
    for section in sections:
        for group in section.groups:
            for item in group.items:
                yield from item.cards
