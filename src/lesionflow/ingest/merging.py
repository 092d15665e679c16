"""A source's classes into a taxonomy that may exist already: the user's file keeps its words, order and comments."""

import io
from collections.abc import Mapping

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from lesionflow.ingest import taxonomy
from lesionflow.ingest.taxonomy import LabelParams

HEADER = (
    "# The classes, the names under which sources know them (aliases), their group, and whether they are malignant.\n"
)


def merge(text: str, classes: Mapping[str, LabelParams], where: str) -> str:
    """The taxonomy's text with the classes and aliases that it lacks; what it says already always stands.

    A name that the taxonomy gives to another class stays there, and nothing changes when nothing is missing.

    Raises
    ------
    LesionflowError : `text` is no taxonomy; `where` names its file.
    """
    text = text or f"{HEADER}classes: {{}}\n"
    present = taxonomy.parse(text, where)
    content = _yaml().load(text)
    if not content["classes"]:
        content["classes"] = CommentedMap()
    changed = False
    for label, entry in classes.items():
        free = [alias for alias in entry.aliases if present.canonical(alias) is None]
        known = present.canonical(label)
        if free and known is not None:
            content["classes"][known].setdefault("aliases", []).extend(free)
        elif free or (known is None and not entry.aliases):
            content["classes"][label] = _entry(entry, free)
        changed |= bool(free) or (known is None and not entry.aliases)
    return _dumped(content) if changed else text


def _entry(entry: LabelParams, aliases: list[str]) -> CommentedMap:
    names = {"aliases": aliases} if aliases else {}
    parent = {} if entry.parent is None else {"parent": entry.parent}
    line = CommentedMap({**names, **parent, "malignant": entry.malignant})
    line.fa.set_flow_style()
    return line


def _yaml() -> YAML:
    handler = YAML()
    handler.width = 1 << 20  # a line break within a key of several words would be no YAML
    handler.preserve_quotes = True
    handler.indent(mapping=2, sequence=4, offset=2)
    return handler


def _dumped(content: CommentedMap) -> str:
    written = io.StringIO()
    _yaml().dump(content, written)
    return written.getvalue()
