"""A small copy of the project with a small sample and tiny untrained backbones, on which the real pipeline runs."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

ROOT = Path(__file__).parents[2]
CODE = ("src", "stages", "expectations", "dvc.yaml", "params.yaml", ".dvcignore", ".gitignore")
# timm's own test networks: two architectures with a spatial map, fast at any size.
TINY = {"tiny_cnn": "test_efficientnet.r160_in1k", "tiny_vit": "test_vit.r160_in1k"}


class Project:
    """A folder with a copy of the pipeline; `run` starts a program of this environment in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path, "PYTHONPATH": str(self.folder / "src"), "CI": "true"}
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        if check and done.returncode:
            pytest.fail(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def set_params(self, **changes: object) -> None:
        """Set dotted keys, with __ for the dot."""
        path = self.folder / "params.yaml"
        content = yaml.safe_load(path.read_text())
        for key, value in changes.items():
            *parents, last = key.split("__")
            here = content
            for parent in parents:
                here = here[parent]
            here[last] = value
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    def relabel(self, label_of: Callable[[str, str], str]) -> None:
        """Rewrite the manifests' labels; `label_of` takes a row's record_id and label."""
        for path in sorted((self.folder / "data/manifests").glob("*.csv")):
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, fieldnames=rows[0].keys())
                writer.writeheader()
                for row in rows:
                    writer.writerow(row | {"label": label_of(f"{path.stem}:{row['id']}", row["label"])})

    def copy(self, folder: Path) -> "Project":
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)


def small_project(folder: Path) -> Project:
    folder.mkdir(parents=True)
    for name in CODE:
        source = ROOT / name
        ignore = shutil.ignore_patterns("__pycache__")
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignore)
        else:
            shutil.copy(source, folder / name)
    project = Project(folder)
    project.run("git", "init", "--quiet")
    project.run("dvc", "init", "--quiet")
    models = {
        slug: {"timm": timm, "weights": {"source": "random", "licence": "none", "trained_on": "nothing"}}
        for slug, timm in TINY.items()
    }
    project.set_params(active=list(TINY), active_recipes=["tuned"], models=models, evaluate__bootstrap=50)
    project.set_params(recipes__study__max_epochs=3, recipes__tuned__max_epochs=3)
    pair = {"name": "tiny_pair-tuned", "first": "tiny_cnn-tuned", "second": "tiny_vit-tuned"}
    project.set_params(joined=[pair])
    # Each stage shows all that it does on few photos.
    project.set_params(explain__layers=2, explain__probes=4, explain__photos=4, explain__artefact_photos=2)
    project.set_params(audit__photos=8, audit__severities=[3])
    return project


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """The small project before its first run, data in place and under DVC."""
    project = small_project(tmp_path_factory.mktemp("fresh") / "project")
    project.run("python", "-m", "lesionflow.sample.generate", "data", "--small")
    project.set_params(curate__classes__min_images=20)
    project.run("dvc", "add", "--quiet", "data")
    project.run("git", "add", "-A")
    project.run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "data")
    return project


@pytest.fixture(scope="session")
def done(fresh, tmp_path_factory):
    """The small project after `dvc repro`, which one process runs for all. Tests that change it copy it first."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "done"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            project = fresh.copy(tmp_path_factory.mktemp("run") / "project")
            project.run("dvc", "repro")
            project.folder.rename(shared)
    return Project(shared).copy(own / "done-here" / "project")
