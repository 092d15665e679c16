"""The page of curation's galleries, with its pictures beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lesionflow import files
from lesionflow.images import StoredPhoto
from lesionflow.report import highlights, showing, templating, thumbnails
from lesionflow.report.showing import Section
from lesionflow.report.thumbnails import Thumbnail

PICTURES = "pictures"


def write(sections: Sequence[Section], photos: Mapping[str, StoredPhoto], folder: Path, *, header: str) -> None:
    """Write index.html, its pictures and highlights.json into `folder`, atomically; what stood there before is gone.

    Pictures that stood there are taken over, if they are to be shown again.

    Parameters
    ----------
    photos : the stored photos; only those that are shown are decoded.
    header : the first line of data/decisions.csv.
    """
    with files.atomic(folder) as partial:
        pictures = thumbnails.write(photos, showing.photos(sections), partial / PICTURES, earlier=folder / PICTURES)
        files.write_text(render(sections, pictures, header=header), partial / "index.html")
        files.write_json(highlights.of(sections, pictures), partial / "highlights.json")


def render(sections: Sequence[Section], pictures: Mapping[str, Thumbnail], *, header: str) -> str:
    """The page as HTML; photos without a picture are told in words.

    Parameters
    ----------
    pictures : by content hash, from `thumbnails.write`.
    """
    template = templating.environment().get_template("curation.html")
    return template.render(
        home="../",
        sections=sections,
        pictures=pictures,
        folder=PICTURES,
        header=header,
        origins=showing.origins(sections),
    )
