"""Charts as SVG to stand inside a page: drawn by matplotlib, coloured by the page, the same bytes for the same data.

Colours are the page's CSS variables, so that a chart follows the reader's light or dark theme; matplotlib draws with
placeholders that `_inline` replaces. Texts stay texts: small, selectable, and in whatever script the labels are.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lesionflow.report import figures

INK, ACCENT, SECOND, LINE = "#010101", "#010102", "#010103", "#010104"
THEME = {
    INK: "currentColor",
    ACCENT: "var(--accent)",
    SECOND: "var(--second)",
    LINE: "var(--line)",
}
STYLE: Any = {
    "axes.edgecolor": LINE, "axes.labelcolor": INK, "axes.spines.right": False, "axes.spines.top": False,
    "font.family": "sans-serif", "font.size": 8.0, "text.color": INK, "text.parse_math": False,
    "svg.fonttype": "none", "xtick.color": LINE, "xtick.labelcolor": INK, "ytick.color": LINE, "ytick.labelcolor": INK,
}  # fmt: skip
LONGEST = 30
"""Signs of a name on an axis; tables show the whole."""


@dataclass(frozen=True)
class Chart:
    """An `<svg>` element, its natural width (CSS pixels), and what it shows in words."""

    svg: str
    width: int
    alt: str


@contextmanager
def canvas(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure of so many inches, outside of pyplot's state and of the user's own matplotlibrc."""
    with mpl.rc_context(), warnings.catch_warnings():
        # A script that matplotlib's own font lacks is measured by a stand-in; the browser has the glyphs.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        warnings.filterwarnings("ignore", message=r"Matplotlib currently does not support")
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.add_subplot()


def chart(figure: Figure, name: str, alt: str) -> Chart:
    """The drawn figure as a chart; `name` is its own on the page, `alt` tells in words what it shows."""
    mpl.rcParams["svg.hashsalt"] = name  # ids must not meet those of another chart on the page
    content = io.StringIO()
    figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    # matplotlib's unit is the point of 1/72 inch; the page shows 8 points as 12 pixels.
    return Chart(_inline(content.getvalue()), round(figure.get_figwidth() * 72 * 1.5), alt)


def _inline(svg: str) -> str:
    """The `<svg>` element alone, without what would reach into the page: style rules, ids that nothing refers to."""
    body = re.sub(r"\s*<(metadata|style)\b.*?</\1>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    box = re.search(r'viewBox="[^"]*"', body)
    content = body[body.index(">") + 1 :].rstrip()
    # Only tags are rewritten: a label may say anything, and matplotlib escapes its < and >.
    content = re.sub(r">\s+<", "><", content)
    content = re.sub(r"<[^<>]*>", lambda tag: _themed(tag.group()), content)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box.group() if box else ""} aria-hidden="true">{content}'


def _themed(tag: str) -> str:
    tag = re.sub(r'^<g id="[^"]*"', "<g", tag).replace("xlink:href", "href").replace("\n", " ")
    # A hundredth of a point is finer than any screen; a page of many classes is a third smaller for it.
    tag = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number.group()):.2f}", tag)
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    for placeholder, colour in THEME.items():
        tag = tag.replace(placeholder, colour)
    return tag


def short(label: str) -> str:
    """A label as words, cut to what fits on an axis."""
    return cut(figures.words(label))


def cut(text: str) -> str:
    """A name cut to what fits on an axis."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
