"""A model folder that takes photos and gives probabilities: what MLflow loads and `lesionflow predict` runs.

The folder holds head.safetensors and head.json (see `head`), and model.json with the slug, the backbone's settings and
its description, and `trust`: the temperature of the probabilities, and the threshold below which it does not answer.
That of a joined pair holds such a folder for each of the two; its model.json names them as `members`, and says the
`tau` that was chosen for both together. The backbone's weights are not copied: they come from where the settings say,
and must be, as must the preprocessing, what the head was trained on.
"""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lesionflow import parallel, scaling
from lesionflow.errors import LesionflowError
from lesionflow.files import read_json
from lesionflow.images import UnreadableImageError
from lesionflow.learn import backbones, clinical, joining, photo_views
from lesionflow.learn.backbones import Backbone, BackboneParams
from lesionflow.learn.classifier import load_classifier
from lesionflow.learn.head import Features

BATCH = 32


class Member:
    """One backbone with its head."""

    def __init__(self, folder: Path) -> None:
        content = _description(folder)
        self.backbone = backbones.load(content["model"], BackboneParams.model_validate(content["settings"]))
        self.classifier, self.card = load_classifier(self.backbone, folder)
        _refuse_other_preprocessing(self.backbone, content["backbone"], folder)

    def tensor(self, content: bytes) -> torch.Tensor:
        """The views (V, 3, H, W) that the head needs of a photo."""
        picture = self.backbone.preprocess.decoded(content)
        return photo_views.tensors(picture, self.backbone.preprocess, self.classifier.inputs.needed)

    def told(self, inputs: pd.DataFrame) -> torch.Tensor:
        """The metadata (rows, columns) that the head looks at."""
        return torch.from_numpy(clinical.encode(inputs, self.classifier.inputs.clinical))


class Predictor:
    """Photos to labels and probabilities."""

    def __init__(self, folder: Path) -> None:
        content = _description(folder)
        self.members = [Member(folder / name) for name in content.get("members", ("",))]
        self.cards = [member.card for member in self.members]
        self.labels = list(self.cards[0]["labels"])
        self.tau = content.get("tau", 0.0)
        trust = content.get("trust", {})
        self.temperature = trust.get("temperature")
        threshold = trust.get("threshold")
        # No threshold kept the risk that was asked for: such a model answers nothing.
        self.answers_from = np.inf if trust and threshold is None else threshold or 0.0

    def predict(self, inputs: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Column `image` (bytes, base64 text, or a path) to label, probability, and a column a class.

        Probabilities are calibrated: at the temperature that validation gave. `answered` is false where the largest one
        lies below the threshold from which the model answers; its label then only says what is likeliest.
        A model that was trained with clinical metadata also looks at the columns age, sex, body_site and skin_type
        that are there; what is missing counts as missing.

        Raises
        ------
        LesionflowError : no such column, or an entry that is no picture.
        """
        rows = scaling.apply_temperature(self.raw(inputs).astype(float), self.temperature)
        sure = rows.max(axis=1)
        said = {"label": [self.labels[row] for row in rows.argmax(axis=1)], "probability": sure}
        said["answered"] = sure >= self.answers_from
        return pd.concat([pd.DataFrame(said), pd.DataFrame(rows, columns=self.labels)], axis=1)

    def raw(self, inputs: pd.DataFrame) -> Features:
        """Probabilities (rows, classes) as the head gives them, before calibration; see `predict`."""
        if "image" not in inputs:
            raise LesionflowError("prediction", got=f"columns {list(inputs)}", expected="a column `image`")
        photos = list(enumerate(inputs["image"]))
        told = [member.told(inputs) for member in self.members]
        parts = [self._probabilities(some, told) for some in parallel.chunked(photos, BATCH)]
        return np.concatenate([np.empty((0, len(self.labels)), dtype=np.float32), *parts])

    def _probabilities(self, photos: Sequence[tuple[int, Any]], told: Sequence[torch.Tensor]) -> Features:
        rows, seen = [row for row, _ in photos], [self._tensors(row, value) for row, value in photos]
        each = [
            member.classifier.probabilities(torch.stack(views), known[rows])
            for member, views, known in zip(self.members, zip(*seen, strict=True), told, strict=True)
        ]
        return each[0] if len(each) == 1 else joining.probabilities(each, self.cards, self.tau)

    def _tensors(self, row: int, value: Any) -> list[torch.Tensor]:
        try:
            content = _content(value)
            return [member.tensor(content) for member in self.members]
        except UnreadableImageError as error:
            raise LesionflowError(f"prediction, row {row}: {error}", remedy="Send a JPEG or PNG file.") from None


def _description(folder: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = read_json(folder / "model.json")
    except (FileNotFoundError, json.JSONDecodeError) as error:
        raise LesionflowError(f"{folder}: no model", got=str(error), expected="model.json beside the head") from None
    return content


def _refuse_other_preprocessing(backbone: Backbone, trained_with: dict[str, Any], folder: Path) -> None:
    found, expected = backbone.describe()["preprocessing"], trained_with["preprocessing"]
    if found != expected:
        raise LesionflowError(
            f"{folder}: the backbone's preprocessing is not the one that the head was trained with",
            got=str(found),
            expected=str(expected),
            remedy="Install the timm version of the model's requirements, or train anew.",
        )


def _content(value: Any) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, Path) or (isinstance(value, str) and _is_file(value)):
        return Path(value).read_bytes()
    try:
        return base64.b64decode(value, validate=True)
    except (ValueError, TypeError):  # binascii.Error is a ValueError, and so is text beyond ASCII
        raise UnreadableImageError(
            "no photo", got=repr(value)[:60], expected="a photo's bytes, base64 text, or the path of a file"
        ) from None


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # base64 text is longer than a file's name may be
        return False


def _load_pyfunc(data_path: str) -> Predictor:
    """MLflow's entrance (`loader_module`)."""
    return Predictor(Path(data_path))
