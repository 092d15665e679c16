"""The commands that documents show, read from their fenced blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """One line of a document's shell blocks, without its comment."""

    document: str
    line: str


def commands() -> list[Command]:
    """In the order of the documents and of their lines."""
    found = []
    for path in DOCUMENTS:
        for language, block in FENCE.findall(path.read_text(encoding="utf-8")):
            if language in ("sh", "bash", "shell", "console"):
                name = path.relative_to(ROOT).as_posix()
                found += [Command(name, line) for line in map(without_comment, block.splitlines()) if line]
    return found


def without_comment(line: str) -> str:
    """The line up to a comment, which begins with # after a space."""
    return re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()


def inline() -> list[Command]:
    """Commands of make and lesionflow that stand within sentences."""
    found = []
    for path in DOCUMENTS:
        prose = FENCE.sub("", path.read_text(encoding="utf-8"))
        name = path.relative_to(ROOT).as_posix()
        found += [Command(name, code) for code in re.findall(r"`((?:make|lesionflow) [a-z][^`]*)`", prose)]
    return found
