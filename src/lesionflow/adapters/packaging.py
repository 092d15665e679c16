"""The folder that becomes a registered model: heads, settings and descriptions, and the code that loads them."""

import base64
import io
import shutil
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

from PIL import Image

from lesionflow.adapters.content import Member, RunContent
from lesionflow.adapters.provenance import PACKAGE, installed
from lesionflow.files import read_json, write_json
from lesionflow.packages import provider

LOADER = "lesionflow.learn.predictor"
ROOMS = ("learn",)
ENTRANCES = ("__main__.py", "cli.py")
"""They reach into rooms that do not travel along."""
# What that loader imports. Explicit pins: letting MLflow find them out loads the model in a new process (19 s).
REQUIREMENTS = (
    "joblib", "mlflow", "numpy", "pandas", "pillow", "pillow-heif", "pyarrow", "pydantic", "PyYAML", "safetensors",
    "scikit-learn", "scipy", "timm", "torch", "torchvision", "tqdm",
)  # fmt: skip


def write_model(content: RunContent, folder: Path) -> None:
    """Write what `learn.predictor` reads; the backbones' weights stay where their settings say."""
    trust, members = read_json(content.root / f"reports/calibration/{content.model}.json"), content.members
    said = {"temperature": trust["temperature"], "threshold": trust["abstention"]["threshold"]}
    if len(members) == 1:
        _write_member(members[0], folder, {"trust": said})
        return
    for member in members:
        _write_member(member, folder / member.name, {})
    write_json(
        {"members": [member.name for member in members], "tau": content.tau, "trust": said}, folder / "model.json"
    )


def _write_member(member: Member, folder: Path, more: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True)
    for name in ("head.safetensors", "head.json"):
        shutil.copyfile(member.head / name, folder / name)
    card = {"model": member.slug, "settings": dict(member.settings), "backbone": dict(member.backbone), **more}
    write_json(card, folder / "model.json")


def write_code(folder: Path) -> None:
    """Copy the part of this package that the loader needs: the ground floor, and the room of learning."""
    folder.mkdir(parents=True)
    for path in sorted(PACKAGE.glob("*.py")):
        if path.name not in ENTRANCES:
            shutil.copyfile(path, folder / path.name)
    for room in ROOMS:
        shutil.copytree(PACKAGE / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))


def metadata(content: RunContent) -> list[str]:
    """The columns that a head looks at beside a photo."""
    cards = [read_json(member.head / "head.json") for member in content.members]
    return list(dict.fromkeys(name for card in cards for name in card.get("clinical", ())))


def requirements(content: RunContent) -> list[str]:
    """Pinned requirements of the loader, with the packages that carry backbones' weights, where they do."""
    modules = {member.settings.get("weights", {}).get("package", "") for member in content.members} - {""}
    carriers: set[str] = set()
    for module in modules:
        with suppress(PackageNotFoundError):
            carriers.add(provider(module).name)
    return [f"{name}=={installed(name)}" for name in (*REQUIREMENTS, *sorted(carriers))]


def example_photo() -> str:
    """A small grey picture as base64 text: the form in which a photo goes over HTTP."""
    stream = io.BytesIO()
    Image.new("RGB", (32, 32), "grey").save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()
