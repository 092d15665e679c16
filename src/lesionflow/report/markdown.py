"""Foreign text in Markdown: it shows as text, whatever it says."""

import re
from collections.abc import Sequence

from lesionflow.report import figures

MARKUP = re.compile(r"([\\`*{}#|~!]|\](?=[(\[:])|_(?!\w)|(?<!\w)_)")
"""Signs that are markup; a bracket only where it would end the text of a link, an underscore only at a word's edge."""


def text(words: str) -> str:
    r"""Text on one line, in which nothing is markup: no emphasis, link, picture, code, cell or tag.

    >>> print(text("a|b <script> [x](y) [1, 2] a_b _c_ # \n*"))
    a\|b &lt;script&gt; [x\](y) [1, 2] a_b \_c\_ \# \*
    """
    shown = figures.one_line(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return MARKUP.sub(r"\\\1", shown)


def label(name: str) -> str:
    """An identifier as words, as `text`."""
    return text(figures.words(name))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    r"""A table, padded; the first `left` columns read from the left, the others from the right. Cells show as text.

    >>> print(table(["Class", "Recall"], [["a|b", "50.0 %"]]))
    | Class | Recall |
    | :---- | -----: |
    | a\|b  | 50.0 % |
    """
    return of_markup([text(cell) for cell in heads], [[text(cell) for cell in row] for row in rows], left=left)


def of_markup(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """The same of cells that are Markdown already."""
    cells = [heads, *rows]
    widths = [max(2, *(len(row[column]) for row in cells)) for column in range(len(heads))]
    rule = [f":{'-' * (width - 1)}" if place < left else f"{'-' * (width - 1)}:" for place, width in enumerate(widths)]
    padded = [
        [
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in cells
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in (padded[0], rule, *padded[1:]))
