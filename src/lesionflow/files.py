"""Writing files whole or not at all, and always with the same bytes for the same content."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block ends well, else remove it.

    Works for a file, and for a folder that the block makes: an earlier folder at `path` is replaced.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The room for it lies beside the target: a rename across file systems would not be atomic.
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as room:
        partial = Path(room) / path.name
        yield partial
        if path.is_dir():
            shutil.rmtree(path)
        partial.replace(path)


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text with line feeds, atomically."""
    with atomic(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def write_json(content: Any, path: Path) -> None:
    """Write JSON, indented, in the order given, atomically.

    Raises
    ------
    ValueError : `content` holds NaN or infinity, which are not JSON; use None for "not available".
    """
    write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", path)


def parse_yaml(text: str) -> Any:
    """Content of YAML, without objects; by libyaml where PyYAML has it, which takes a sixth of the time.

    Raises
    ------
    yaml.YAMLError : no YAML.
    """
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))
