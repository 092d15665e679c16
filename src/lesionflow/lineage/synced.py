"""`lesionflow sync`: what DVC holds of a run, of now or of an old commit, becomes runs of any tracking store."""

import tempfile
from pathlib import Path

from lesionflow import params
from lesionflow.adapters import content, provenance, tracking
from lesionflow.adapters.content import Subject
from lesionflow.adapters.settings import TrackParams
from lesionflow.errors import LesionflowError
from lesionflow.lineage.revisions import Files, commit_of
from lesionflow.params import Joined

STATE = ("params.yaml", "dvc.lock", "data.dvc")


def sync(revision: str | None) -> list[str]:
    """Import each classifier of a run into the store; a line for each.

    What is there already is left as it is. The store's names (`track` in params.yaml) are those of the working folder.

    Raises
    ------
    LesionflowError : no such revision, results that DVC does not hold, or a store that cannot be used; classifiers
        imported before that stay.
    """
    commit = None if revision is None else commit_of(revision)
    found = Files(commit)
    with tempfile.TemporaryDirectory() as room:
        root = found.get([*STATE, "src/lesionflow"], Path(room))
        subjects = _classifiers(root / "params.yaml")
        # Looked for all at once, before any is imported: half a comparison misleads.
        _refuse_absent(found, subjects)
        git = provenance.git(Path()) if commit is None else provenance.of_commit(commit)
        origin = provenance.imported(root, git)
        return [_import(about, found, root, origin) for about in subjects]


def _classifiers(path: Path) -> list[Subject]:
    active, recipes = (params.load(key, list[str], path) for key in ("active", "active_recipes"))
    joined = params.load("joined", list[Joined], path)
    return [content.subject(name, joined) for name in params.classifiers(active, recipes, joined)]


def _refuse_absent(found: Files, subjects: list[Subject]) -> None:
    for about in subjects:
        absent = [path for path in content.paths(about) if not found.has(path)]
        if absent:
            raise LesionflowError(
                f"{absent[0]} of {found.told}: not there",
                expected=f"the results of {about.name}, as `dvc repro` leaves them",
                remedy="Name a commit after `dvc repro`, or run it.",
            )


def _import(about: Subject, found: Files, root: Path, origin: dict[str, str]) -> str:
    found.get(content.paths(about), root)
    gathered = content.gather(about, content.settings(about, root / "params.yaml"), root=root)
    names = params.load("track", TrackParams).names(about.name)
    tags = provenance.tags(gathered, origin) | content.parts(about)
    run = tracking.track(gathered, **names, tags=tags, parent=provenance.state(root, origin))
    return f"{about.name}: run {run} of content {gathered.key[:12]}"
