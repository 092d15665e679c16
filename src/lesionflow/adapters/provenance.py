"""Where a run comes from: commit, data, code, libraries, device. Said of a run, but no part of its content's key."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
import yaml

from lesionflow.adapters.content import RunContent, digest, file_digest
from lesionflow.files import parse_yaml

LIBRARIES = (
    "dvc", "great_expectations", "grad-cam", "mlflow", "numpy", "pandas", "pillow", "scikit-learn", "timm", "torch",
    "torchvision",
)  # fmt: skip
PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Parent:
    """What makes two runs of the pipeline the same (`key`), and what is said of it."""

    key: str
    tags: Mapping[str, str]


def tags(content: RunContent, origin: Mapping[str, str] | None = None) -> dict[str, str]:
    """Tags of a run by name. What cannot be known is "unknown", never left out.

    Parameters
    ----------
    origin : as `here` or `imported` gives it; by default the content is of here.
    """
    return {
        **(here(content.root) if origin is None else origin),
        "lesionflow.params": digest(dict(content.params)),
        **locked(content.root, content.files),
        **{
            f"lesionflow.{name}": "; ".join(
                dict.fromkeys(str(member.backbone.get(name, "unknown")) for member in content.members)
            )
            for name in ("weights_sha256", "licence", "trained_on")
        },
    }


def here(root: Path) -> dict[str, str]:
    """Commit, data, code and machine of results that were computed in this project, in `root`."""
    return {
        **git(root),
        "lesionflow.data": data_digest(root),
        "lesionflow.code": code_digest(PACKAGE),
        "lesionflow.device": device(),
        "lesionflow.python": platform.python_version(),
        **{f"lesionflow.version.{name}": installed(name) for name in LIBRARIES},
    }


def imported(root: Path, commit: Mapping[str, str]) -> dict[str, str]:
    """The same of results that came from DVC's cache or remote: nobody knows which machine computed them.

    Parameters
    ----------
    root : the project's files as they were, the package's modules among them.
    commit : as `git` says it.
    """
    machine = ("device", "python", *(f"version.{name}" for name in LIBRARIES))
    return {
        **commit,
        "lesionflow.data": data_digest(root),
        "lesionflow.code": code_digest(root / "src/lesionflow"),
        "lesionflow.imported": "true",
        **{f"lesionflow.{name}": "unknown" for name in machine},
    }


def state(root: Path, origin: Mapping[str, str]) -> Parent:
    """What all classifiers of one run of the pipeline share: data, code, and the whole params.yaml in `root`."""
    settings = load_yaml(root / "params.yaml")
    same = {"data": origin["lesionflow.data"], "code": origin["lesionflow.code"], "params": settings}
    return Parent(digest(same), {**origin, "lesionflow.params": digest(settings)})


def locked(root: Path, files: Sequence[str]) -> dict[str, str]:
    """DVC's hash of each file, or of the folder that DVC holds it in, as dvc.lock says it: tags dvc.<path>."""
    stages = (load_yaml(root / "dvc.lock") or {}).get("stages", {})
    hashes = {
        out["path"]: str(out["md5"]) for stage in stages.values() for out in stage.get("outs", []) if "md5" in out
    }
    owners = {
        path if path in hashes else parent.as_posix() for path in files for parent in (Path(path), *Path(path).parents)
    }
    return {f"dvc.{path}": hashes[path] for path in sorted(owners) if path in hashes}


def load_yaml(path: Path) -> Any:
    """Content of a YAML file; None where there is none that can be read."""
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return None


def git(root: Path) -> dict[str, str]:
    """The commit, and whether tracked files other than the pipeline's own results differ from it."""
    results = (":(exclude)dvc.lock", ":(exclude)reports")
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", *results)
    dirty = "unknown" if changes is None else str(bool(changes)).lower()
    return {"mlflow.source.git.commit": commit or "unknown", "lesionflow.git.dirty": dirty}


def of_commit(commit: str) -> dict[str, str]:
    """The same of results that are committed."""
    return {"mlflow.source.git.commit": commit, "lesionflow.git.dirty": "false"}


def _git(root: Path, *arguments: str) -> str | None:
    try:
        command = ["git", "-C", str(root), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def data_digest(root: Path) -> str:
    """DVC's hash of the data folder, as data.dvc says it."""
    try:
        return str(load_yaml(root / "data.dvc")["outs"][0]["md5"])
    except (KeyError, IndexError, TypeError):
        return "unknown"


def code_digest(package: Path) -> str:
    """Digest of the package's modules, by path."""
    return digest({path.relative_to(package).as_posix(): file_digest(path) for path in package.rglob("*.py")})


def device() -> str:
    """The processor that this machine would compute on."""
    return f"cuda: {torch.cuda.get_device_name()}" if torch.cuda.is_available() else f"cpu: {platform.machine()}"


def installed(name: str) -> str:
    """Version of an installed package, without the local part (torch's +cpu), which no index serves."""
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return "unknown"
