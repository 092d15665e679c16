"""What a stage imports and loads, read from its source, held against what dvc.yaml declares.

`python tests/pipeline/declared.py` (or `make deps`) writes the code deps of every stage into the pipelines' files.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import PlainScalarString

SOURCE = Path("src/lesionflow")
PIPELINES = ("dvc.yaml", "ablation/dvc.yaml")
RESOURCES = ("templates", "codebooks")


def imported_modules(source: str) -> Iterator[str]:
    """Yield the dotted name of every module, or member of one, that the source imports anywhere."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from (f"{base}.{alias.name}" for alias in node.names)


def module_file(root: Path, dotted: str) -> str | None:
    """The file of a lesionflow module, or of the module whose member `dotted` names; None for other packages."""
    parts = dotted.split(".")
    for count in (len(parts), len(parts) - 1):
        path = Path("src", *parts[:count]).with_suffix(".py")
        if parts[0] == "lesionflow" and (root / path).is_file():
            return path.as_posix()
    return None


def import_closure(root: Path, entrance: str) -> list[str]:
    """`entrance` and every lesionflow module that it reaches, sorted; `root` is the project's folder."""
    reached, waiting = set(), [entrance]
    while waiting:
        here = waiting.pop()
        if here not in reached:
            reached.add(here)
            names = imported_modules((root / here).read_text(encoding="utf-8"))
            waiting.extend(file for name in names if (file := module_file(root, name)))
    return sorted(reached)


def resources(root: Path, modules: list[str]) -> list[str]:
    """The folders of data files beside the modules that name them."""
    folders = {
        (root / module).parent / name
        for module in modules
        for name in RESOURCES
        if f'"{name}"' in (root / module).read_text(encoding="utf-8")
    }
    return sorted(folder.relative_to(root).as_posix() for folder in folders if folder.is_dir())


def loaded_params(source: str) -> set[str]:
    """The keys that a stage passes to `params.load`, with {slug} for the part that an f-string fills in."""
    keys = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "params.load":
            text = ast.unparse(node.args[0]).removeprefix("f").strip("'\"")
            keys.add(re.sub(r"\{[^}]*\}", "{slug}", text))
    return keys


def stages(root: Path, pipeline: str = PIPELINES[0]) -> dict[str, dict]:
    """The stages of a pipeline's file, a foreach stage as its body."""
    content = YAML().load((root / pipeline).read_text(encoding="utf-8"))
    return {name: stage.get("do", stage) for name, stage in content["stages"].items()}


def code_deps(root: Path, stage: dict) -> list[str]:
    """The code deps that the stage's command calls for."""
    modules = import_closure(root, stage["cmd"].split()[1])
    return modules + resources(root, modules)


def is_code(dep: object) -> bool:
    """Whether a dep of dvc.yaml is code."""
    return str(dep).startswith(("src/", "stages/"))


def write_code_deps(root: Path, pipeline: str) -> None:
    """Rewrite the code deps of every stage of a pipeline's file, leaving all else as it is."""
    yaml = YAML()
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    content = yaml.load((root / pipeline).read_text(encoding="utf-8"))
    for stage in content["stages"].values():
        body = stage.get("do", stage)
        kept = [dep for dep in body["deps"] if not is_code(dep)]
        body["deps"] = [*map(PlainScalarString, code_deps(root, body)), *kept]
    with (root / pipeline).open("w", encoding="utf-8") as file:
        yaml.dump(content, file)


if __name__ == "__main__":
    for pipeline in PIPELINES:
        write_code_deps(Path.cwd(), pipeline)
