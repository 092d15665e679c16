"""Fills in the pages of settings and commands while mkdocs builds, from params.yaml and the commands' own help."""

from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).parents[1]


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in what stands for a file or for the commands."""
    for mark, write in {"<!-- params.yaml -->": settings, "<!-- commands -->": commands}.items():
        if mark in markdown:
            markdown = markdown.replace(mark, write())
    return markdown


def settings() -> str:
    """The settings file as it stands, by its top-level sections."""
    parts, heading = [], ""
    for block in _blocks((ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()):
        keys = [line.split(":")[0] for line in block if line[:1].isalpha()]
        heading = f"## `{keys[0]}`\n\n" if keys else ""
        parts.append(f"{heading}```yaml\n" + "\n".join(block) + "\n```")
    return "\n\n".join(parts)


def _blocks(lines: list[str]) -> list[list[str]]:
    """Top-level sections, each with the comment that stands above it."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if not line.strip():
            blocks.append([])
        else:
            blocks[-1].append(line)
    return [block for block in blocks if block]


def commands() -> str:
    """The help of every command."""
    from lesionflow import cli

    parts = []
    for name, command in cli.commands.commands.items():
        context = click.Context(command, info_name=f"lesionflow {name}")
        parts.append(f"## `lesionflow {name}`\n\n```text\n{command.get_help(context)}\n```")
    return "\n\n".join(parts)
