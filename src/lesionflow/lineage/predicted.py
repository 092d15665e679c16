"""`lesionflow predict`: a classifier of this run on photos of one's own, without MLflow, with the heat map if asked."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lesionflow.adapters import content, packaging
from lesionflow.adapters.content import Subject
from lesionflow.errors import LesionflowError
from lesionflow.explain import gradcam, layers, panel
from lesionflow.files import atomic, read_json
from lesionflow.learn.predictor import Member, Predictor
from lesionflow.lineage import choosing

OUTPUTS = Path("outputs")
EVERY_LAYER = 1000
NO_MAP = "No heat map: in what {} sees of this photo, no place speaks for this answer."
NOTICE = "Not a medical device: for research only."


def predict(photos: Sequence[Path], model: str | None, cam: Path | None, told: Mapping[str, Any]) -> str:
    """Label and calibrated probabilities of each photo, as text; the heat map of a single one goes to `cam`.

    Parameters
    ----------
    told : metadata of all of the photos, by column of table traits.

    Raises
    ------
    LesionflowError : no such classifier or photo, metadata that the classifier does not know, or a map of several
        photos. A map without content is told.
    """
    if cam is not None and len(photos) != 1:
        raise LesionflowError("--cam", got=f"{len(photos)} photos", expected="one photo")
    name = choosing.best()[0] if model is None else _known(model)
    about = content.subject(name, choosing.joined())
    with tempfile.TemporaryDirectory() as room:
        predictor = _predictor(about, Path(room) / "model")
    learned: dict[str, Any] = {}
    for member in predictor.members:
        learned |= member.classifier.inputs.clinical
    _refuse_unlearned(told, name, learned)
    found = predictor.predict(pd.DataFrame({"image": [_content(path) for path in photos]}).assign(**told))
    parts = [
        _told(path, {str(key): value for key, value in row.items()}, predictor.labels)
        for path, row in zip(photos, found.to_dict("records"), strict=True)
    ]
    if cam is not None:
        # A joined pair has no map of its own.
        drawn = about.members[0][0]
        some = _draw(predictor.members[0], photos[0], told, predictor.labels.index(found["label"][0]), drawn, cam)
        parts.append(f"Heat map of {drawn} for this answer: {cam}" if some else NO_MAP.format(drawn))
    missing = ", ".join(key for key in learned if key not in told)
    by = f"By {name}, which was not told: {missing}." if missing else f"By {name}."
    return "\n\n".join([*parts, f"{by} {NOTICE}"])


def _refuse_unlearned(told: Mapping[str, Any], name: str, learned: Mapping[str, Any]) -> None:
    """Stop when a classifier does not look at what is told, or learned from no photo of which that was told."""
    for key, value in told.items():
        what = f"--{key.replace('_', '-')}"
        if key not in learned:
            beside = ", ".join(learned) or "nothing"
            expected = f"nothing: beside the photo, {name} looks at {beside}"
            raise LesionflowError(what, got=str(value), expected=expected, remedy="Leave it out.")
        known = learned[key]
        if not isinstance(known, Mapping) and value not in known:
            raise LesionflowError(
                what, got=str(value), expected=f"one of {', '.join(known)}", remedy="Leave it out where none fits."
            )


def _known(model: str) -> str:
    if model not in choosing.names():
        raise LesionflowError(
            f"--model {model}", got="no classifier of this run", expected=f"one of {', '.join(choosing.names())}"
        )
    return model


def _predictor(about: Subject, folder: Path) -> Predictor:
    packaging.write_model(content.gather(about, content.settings(about), root=Path()), folder)
    return Predictor(folder)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LesionflowError(
            f"{path}: no such photo", got=str(error), expected="the path of a JPEG or PNG file"
        ) from None


def _told(path: Path, row: dict[str, Any], labels: Sequence[str]) -> str:
    ranked = sorted(labels, key=lambda label: -row[label])
    lines = [f"  {row[label]:7.1%}  {label}" for label in ranked]
    sure = (
        row["label"] if row["answered"] else f"no answer (less sure than the run asks for; likeliest: {row['label']})"
    )
    return "\n".join([f"{path}: {sure}", *lines])


def _draw(member: Member, path: Path, told: Mapping[str, Any], target: int, name: str, cam: Path) -> bool:
    """Draw the map of a class, by the method and layer that the run chose for this classifier, unless it is blank."""
    chosen = read_json(OUTPUTS / "explain" / name / "index.json")
    backbone, classifier = member.backbone, member.classifier
    every = layers.candidates(backbone.network, backbone.input_size, count=EVERY_LAYER)
    layer = next((one for one in every if one.name == chosen["target_layer"]), None)
    if layer is None:
        raise LesionflowError(f"layer {chosen['target_layer']} of {name}: not there", remedy="Run `dvc repro explain`.")
    photo = _content(path)
    looked = classifier.holding(member.tensor(photo)[None], member.told(pd.DataFrame([dict(told)], index=[0])))
    heat = gradcam.maps(classifier.of_first_view(looked), looked.photos, [target], layer, chosen["method"])
    if gradcam.broken(heat).any():
        return False
    picture = backbone.preprocess.decoded(photo)
    seen = panel.seen(picture, backbone.input_size, float(backbone.data_config["crop_pct"]))
    with atomic(cam) as partial:
        panel.overlay(seen, heat[0]).save(partial, quality=90)
    return True
