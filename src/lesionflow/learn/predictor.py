"""A model folder that takes photos and gives probabilities: what MLflow loads and `lesionflow predict` runs.

The folder holds head.safetensors and head.json (see `head`), and model.json with the slug, the backbone's settings and
its description. The backbone's weights are not copied: they come from where the settings say, and their hash is held
against the description.
"""

import base64
import binascii
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lesionflow import images
from lesionflow.errors import LesionflowError
from lesionflow.files import read_json
from lesionflow.learn import backbones, head, weights
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.classifier import Classifier

BATCH = 32


class Predictor:
    """Photos to labels and probabilities."""

    def __init__(self, folder: Path) -> None:
        content = read_json(folder / "model.json")
        trained, card = head.load(folder)
        backbone = backbones.load(content["model"], BackboneParams.model_validate(content["settings"]))
        found, expected = weights.digest(backbone.network), content["backbone"]["weights_sha256"]
        if found != expected:
            raise LesionflowError(
                f"{folder}: the backbone's weights are not those that the head was trained on",
                got=found,
                expected=expected,
                remedy="Get the same checkpoint, or train anew.",
            )
        self.labels: list[str] = card["labels"]
        self.preprocess = backbone.preprocess
        self.classifier = Classifier(backbone, trained)

    def predict(self, inputs: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Column `image` (bytes, base64 text, or a path) to label, probability, and a column a class.

        Raises
        ------
        LesionflowError : no such column, or an entry that is no picture.
        """
        if "image" not in inputs:
            raise LesionflowError("prediction", got=f"columns {list(inputs)}", expected="a column `image`")
        rows = [self._tensor(value) for value in inputs["image"]]
        with torch.inference_mode():
            parts = [self.classifier(torch.stack(rows[i : i + BATCH])) for i in range(0, len(rows), BATCH)]
        probabilities = torch.cat(parts).double().softmax(dim=1).numpy()
        table = pd.DataFrame(probabilities, columns=self.labels)
        table.insert(0, "label", [self.labels[row] for row in probabilities.argmax(axis=1)])
        table.insert(1, "probability", np.max(probabilities, axis=1))
        return table

    def _tensor(self, value: bytes | str) -> torch.Tensor:
        return self.preprocess(images.decode(_content(value)))


def _content(value: bytes | str) -> bytes:
    if isinstance(value, bytes):
        return value
    if len(value) < 1000 and Path(value).is_file():
        return Path(value).read_bytes()
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise LesionflowError(
            "prediction", got=repr(value[:60]), expected="a photo's bytes, base64 text, or the path of a file"
        ) from None


def _load_pyfunc(data_path: str) -> Predictor:
    """MLflow's entrance (`loader_module`)."""
    return Predictor(Path(data_path))
