"""A few of the photos that curation's galleries show, for the page of the data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lesionflow.report.cards import Card
from lesionflow.report.showing import Group, Item, Section
from lesionflow.report.thumbnails import Thumbnail

MOST = 4
"""Items of a group."""


def of(sections: Sequence[Section], pictures: Mapping[str, Thumbnail]) -> list[dict[str, Any]]:
    """The first items of each group, as JSON: all texts, and the picture of each photo that has one.

    Parameters
    ----------
    pictures : by content hash, from `thumbnails.write`.
    """
    return [
        {
            "slug": section.slug,
            "name": section.name,
            "intro": section.intro,
            "nothing": section.nothing,
            "groups": [_group(group, pictures) for group in section.groups],
        }
        for section in sections
    ]


def _group(group: Group, pictures: Mapping[str, Thumbnail]) -> dict[str, Any]:
    items = [_item(item, pictures) for item in group.items[:MOST]]
    several = any(len(item["cards"]) > 1 for item in items)
    return {"name": group.name, "total": group.total, "several": several, "items": items}


def _item(item: Item, pictures: Mapping[str, Thumbnail]) -> dict[str, Any]:
    return {"cards": [_card(card, pictures) for card in item.cards], "facts": [list(fact) for fact in item.facts]}


def _card(card: Card, pictures: Mapping[str, Thumbnail]) -> dict[str, Any]:
    picture = pictures.get(card.sha256) if card.sha256 is not None else None
    return {
        "record_id": card.record_id,
        "labels": card.labels,
        "kept": card.kept,
        "verdict": card.verdict,
        "picture": None if picture is None else asdict(picture),
    }
