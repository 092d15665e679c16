"""The templates of the pages: foreign text always shows as text."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lesionflow.report import figures
from lesionflow.report import markdown as md

TEMPLATES = Path(__file__).parent / "templates"
SCRIPT = "script.js"


def environment(filters: Mapping[str, Callable[..., Any]] | None = None) -> Environment:
    """The environment that all pages share; `filters` are a page's own."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    script = (TEMPLATES / SCRIPT).read_text(encoding="utf-8")
    # The page's policy lets this one script run, by its hash, and no other: names from the data can start nothing.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    made.globals |= {"script": Markup(script), "script_hash": f"sha256-{digest}"}  # noqa: S704
    made.filters |= {"words": _isolated, "percent": figures.plain, "number": "{:,}".format, **(filters or {})}
    return made


def markdown() -> Environment:
    """The environment of documents in Markdown: foreign text goes through the filters `text` and `label`."""
    made = Environment(  # noqa: S701 - Markdown is no HTML; the filters escape what is markup in it
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    made.filters |= {"text": md.text, "label": md.label, "percent": figures.plain, "number": "{:,}".format}
    return made


def _isolated(name: str) -> Markup:
    """A foreign name as words, kept from turning the direction of the text around it."""
    return Markup("<bdi>{}</bdi>").format(figures.words(name))
