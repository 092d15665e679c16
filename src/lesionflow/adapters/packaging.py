"""The folder that becomes a registered model: head, settings and description, and the code that loads them."""

import base64
import io
import shutil
from collections.abc import Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from PIL import Image

from lesionflow.adapters.content import RunContent
from lesionflow.adapters.provenance import PACKAGE, installed
from lesionflow.files import read_json, write_json

LOADER = "lesionflow.learn.predictor"
ROOMS = ("learn",)
ENTRANCES = ("__main__.py", "cli.py")
"""They reach into rooms that do not travel along."""
# What that loader imports. Explicit pins: letting MLflow find them out loads the model in a new process (19 s).
REQUIREMENTS = (
    "joblib", "mlflow", "numpy", "pandas", "pillow", "pillow-heif", "pyarrow", "pydantic", "PyYAML", "safetensors",
    "timm", "torch", "torchvision", "tqdm",
)  # fmt: skip


def write_model(content: RunContent, folder: Path) -> None:
    """Write head.safetensors, head.json and model.json; the backbone's weights stay where its settings say."""
    trust = read_json(content.root / "reports/calibration" / f"{content.model}.json")
    write(content.head, content.settings, content.backbone, trust, folder)


def write(
    head: Path, settings: Mapping[str, Any], backbone: Mapping[str, Any], trust: Mapping[str, Any], folder: Path
) -> None:
    """The same from its parts: a head's folder, and what is said of backbone and calibration."""
    folder.mkdir(parents=True)
    for name in ("head.safetensors", "head.json"):
        shutil.copyfile(head / name, folder / name)
    card = {
        "model": backbone["model"],
        "settings": dict(settings),
        "backbone": dict(backbone),
        "trust": {"temperature": trust["temperature"], "threshold": trust["abstention"]["threshold"]},
    }
    write_json(card, folder / "model.json")


def write_code(folder: Path) -> None:
    """Copy the part of this package that the loader needs: the ground floor, and the room of learning."""
    folder.mkdir(parents=True)
    for path in sorted(PACKAGE.glob("*.py")):
        if path.name not in ENTRANCES:
            shutil.copyfile(path, folder / path.name)
    for room in ROOMS:
        shutil.copytree(PACKAGE / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))


def requirements(content: RunContent) -> list[str]:
    """Pinned requirements of the loader, with the package that carries the backbone's weights, if one does."""
    module = content.settings.get("weights", {}).get("package", "")
    carriers = packages_distributions().get(module, [])[:1] if module else []
    return [f"{name}=={installed(name)}" for name in (*REQUIREMENTS, *carriers)]


def example_photo() -> str:
    """A small grey picture as base64 text: the form in which a photo goes over HTTP."""
    stream = io.BytesIO()
    Image.new("RGB", (32, 32), "grey").save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()
