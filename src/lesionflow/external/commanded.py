"""`lesionflow evaluate-external`: the steps of the pipeline's external stages, one after the other, in a cache."""

from collections.abc import Sequence
from pathlib import Path

from lesionflow import params
from lesionflow.curate.settings import CandidatesParams, DuplicatesParams
from lesionflow.errors import LesionflowError
from lesionflow.evaluate.external import Settings
from lesionflow.evaluate.settings import CalibrateParams, EvaluateParams, OutliersParams, SubgroupsParams
from lesionflow.external import evaluating, extracting, gathering, matching, writing
from lesionflow.external.settings import Source
from lesionflow.ingest import taxonomy
from lesionflow.ingest.settings import IngestParams
from lesionflow.learn import memory
from lesionflow.learn.backbones import BackboneParams
from lesionflow.learn.features import FeaturesParams
from lesionflow.params import Joined, members, parts_of

DATA, OUTPUTS = Path("data"), Path("outputs")
NEEDED = ("split", "classes", "fingerprints", "local_features", "traits")
"""Tables of the run without which nothing can be said."""


def run(manifest: Path, photos: Path | None, models: Sequence[str], *, out: Path, cache: Path) -> str:
    """Gather, match, extract and evaluate; write into `out`, and return the page.

    Raises
    ------
    LesionflowError : no finished run here, an unknown classifier, or see the steps.
    """
    joined = params.load("joined", list[Joined])
    made = params.classifiers(params.load("active", list[str]), params.load("active_recipes", list[str]), joined)
    names = _wanted(models, made)
    heads = list(dict.fromkeys(part for name in names for part in members(name, joined)))
    _refuse_unfinished(heads)
    source = source_of(manifest, photos)
    folder, known = cache / source.name, taxonomy.load(DATA / "taxonomy.yaml")
    gathering.gather(source, known, folder, _ingesting(photos))
    looked_at = params.load("curate.candidates", CandidatesParams)
    matching.match(folder, OUTPUTS, known.classes, looked_at, params.load("curate.duplicates", DuplicatesParams))
    memory.keep_freed_memory()
    for slug in dict.fromkeys(parts_of(head)[0] for head in heads):
        backbone = params.load(f"models.{slug}", BackboneParams)
        extracting.extract(folder, OUTPUTS, slug, params.load("extract_features", FeaturesParams), backbone)
    far = params.load("outliers", OutliersParams)
    found = evaluating.evaluate(folder, OUTPUTS, names, joined, settings(), far)
    return writing.write(source.name, found, folder, out) + f"\nWritten: {out / source.name}.json\n"


def settings() -> Settings:
    """The run's settings of evaluation."""
    return Settings(
        params.load("evaluate", EvaluateParams),
        params.load("calibrate", CalibrateParams),
        params.load("subgroups", SubgroupsParams),
        params.load("seed", int),
    )


def _wanted(models: Sequence[str], made: Sequence[str]) -> list[str]:
    unknown = [name for name in models if name not in made]
    if unknown:
        raise LesionflowError(
            f"--models {unknown[0]}", got="no classifier of this run", expected=f"one of {', '.join(made)}"
        )
    return list(dict.fromkeys(models)) or list(made)


def _refuse_unfinished(heads: Sequence[str]) -> None:
    paths = [OUTPUTS / f"{name}.parquet" for name in NEEDED]
    paths += [OUTPUTS / "heads" / name for name in heads]
    paths += [OUTPUTS / "predictions" / f"{name}.parquet" for name in heads]
    absent = [path for path in paths if not path.exists()]
    if absent:
        raise LesionflowError(
            f"{absent[0]}: not there",
            expected="the outputs of a run, whose classifiers are evaluated",
            remedy="Run `dvc repro` here, or `dvc pull` where somebody else did.",
        )


def source_of(manifest: Path, photos: Path | None) -> Source:
    """A source named as the file, with signs that a folder's name may have."""
    name = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "_-") else "_" for sign in manifest.stem)
    return Source(name=f"x{name}" if not name[:1].isalnum() else name, manifest=manifest, photos=photos)


def _ingesting(photos: Path | None) -> IngestParams:
    """The run's settings; the folder that the user names may be read too."""
    known = params.load("ingest", IngestParams)
    return known if photos is None else known.model_copy(update={"file_roots": (*known.file_roots, photos)})
