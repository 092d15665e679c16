"""The templates of the pages: foreign text always shows as text."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lesionflow.report import figures

TEMPLATES = Path(__file__).parent / "templates"


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
    made.filters |= {"words": _isolated, "percent": figures.plain, "number": "{:,}".format, **(filters or {})}
    return made


def _isolated(name: str) -> Markup:
    """A foreign name as words, kept from turning the direction of the text around it."""
    return Markup("<bdi>{}</bdi>").format(figures.words(name))
