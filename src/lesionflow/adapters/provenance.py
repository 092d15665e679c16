"""Where a run comes from: commit, data, code, libraries, device. Said of a run, but no part of its content's key."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
import yaml

from lesionflow.adapters.content import RunContent, digest, file_digest

LIBRARIES = (
    "dvc", "great_expectations", "grad-cam", "mlflow", "numpy", "pandas", "pillow", "scikit-learn", "timm", "torch",
    "torchvision",
)  # fmt: skip
PACKAGE = Path(__file__).parents[1]


def tags(content: RunContent) -> dict[str, str]:
    """Tags of a run by name. What cannot be known is "unknown", never left out."""
    return {
        **git(content.root),
        "lesionflow.data": data_digest(content.root),
        "lesionflow.params": digest(dict(content.params)),
        "lesionflow.code": code_digest(PACKAGE),
        "lesionflow.device": device(),
        "lesionflow.python": platform.python_version(),
        **{f"lesionflow.version.{name}": installed(name) for name in LIBRARIES},
        **{
            f"lesionflow.{name}": str(content.backbone.get(name, "unknown"))
            for name in ("weights_sha256", "licence", "trained_on")
        },
    }


def git(root: Path) -> dict[str, str]:
    """The commit, and whether tracked files other than the pipeline's own results differ from it."""
    results = (":(exclude)dvc.lock", ":(exclude)reports")
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", *results)
    dirty = "unknown" if changes is None else str(bool(changes)).lower()
    return {"mlflow.source.git.commit": commit or "unknown", "lesionflow.git.dirty": dirty}


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
        return str(yaml.safe_load((root / "data.dvc").read_text(encoding="utf-8"))["outs"][0]["md5"])
    except (OSError, yaml.YAMLError, KeyError, IndexError, TypeError):
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
