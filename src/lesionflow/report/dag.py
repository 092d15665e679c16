"""The pipeline as a graph: its stages as dvc.yaml declares them, and which hands a file to which."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import prod
from typing import Any

import networkx as nx
import yaml

from lesionflow.errors import LesionflowError
from lesionflow.files import parse_yaml

DATA = "data"
"""The one input that no stage makes."""


@dataclass(frozen=True)
class Stage:
    """A stage; of a matrix, all its cells as one. `reads` and `writes` are paths, with * for what the cells fill in."""

    name: str
    desc: str
    cells: int
    reads: tuple[str, ...]
    writes: tuple[str, ...]


def stages(pipeline: str, params: Mapping[str, Any]) -> list[Stage]:
    """The stages in the order of the file; those whose matrix is empty under these params are left out.

    Parameters
    ----------
    pipeline : the text of dvc.yaml.
    params : of params.yaml; a matrix goes over its lists.

    Raises
    ------
    LesionflowError : no pipeline.
    """
    try:
        declared = parse_yaml(pipeline)["stages"]
        found = [stage for name, body in declared.items() for stage in _expanded(name, body, params)]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise LesionflowError("dvc.yaml: no pipeline", got=repr(error), expected="stages with deps and outs") from None
    return [stage for stage in found if stage.cells]


def graph(found: list[Stage]) -> "nx.DiGraph[str]":
    """A node a stage, and one for the data; an edge where a stage reads what another writes."""
    made: nx.DiGraph[str] = nx.DiGraph()
    made.add_nodes_from([DATA, *(stage.name for stage in found)])
    for reader in found:
        if any(path.split("/")[0] == DATA for path in reader.reads):
            made.add_edge(DATA, reader.name)
        for writer in found:
            if writer is not reader and any(_meet(dep, out) for dep in reader.reads for out in writer.writes):
                made.add_edge(writer.name, reader.name)
    return made


def _expanded(name: str, body: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[Stage]:
    if "foreach" not in body:
        yield _stage(name, body, prod(len(_listed(over, params)) for over in body.get("matrix", {}).values()))
        return
    for key, item in body["foreach"].items():
        filled = {"key": key, **{f"item.{part}": value for part, value in item.items()}}
        yield _stage(f"{name}@{key}", body["do"], 1, filled)


def _listed(over: Any, params: Mapping[str, Any]) -> list[Any]:
    """What a matrix goes over: a list, or the list of params that it names."""
    found: list[Any] = params[over.removeprefix("${").removesuffix("}")] if isinstance(over, str) else over
    return found


def _stage(name: str, body: Mapping[str, Any], cells: int, filled: Mapping[str, str] | None = None) -> Stage:
    outs = [out for kind in ("outs", "metrics", "plots") for out in body.get(kind, [])]
    return Stage(
        name,
        _filled(" ".join(body.get("desc", "").split()), filled or {}),
        cells,
        tuple(_filled(dep, filled or {}) for dep in body["deps"] if not dep.startswith(("src/", "stages/"))),
        tuple(_filled(out if isinstance(out, str) else next(iter(out)), filled or {}) for out in outs),
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{([^}]*)\}", lambda found: values.get(found.group(1), "*"), text)


def _meet(one: str, other: str) -> bool:
    """Whether one path is the other, or lies in it."""
    if "*" in (one, other):  # a path of the user's: no stage makes it
        return False
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return all(fnmatchcase(a, b) or fnmatchcase(b, a) for a, b in pairs)
