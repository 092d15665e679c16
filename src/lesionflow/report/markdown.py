"""Foreign text in Markdown: it shows as text, whatever it says."""

import re

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


def table(heads: list[str], rows: list[list[str]], *, left: int = 1) -> str:
    r"""A table; the first `left` columns read from the left, the others from the right. Cells are shown as text.

    >>> print(table(["Class", "Recall"], [["a|b", "50.0 %"]]))
    | Class | Recall |
    | :-- | --: |
    | a\|b | 50.0 % |
    """
    rule = [":--" if place < left else "--:" for place in range(len(heads))]
    lines = [[text(cell) for cell in heads], rule, *([text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
