"""What dvc.yaml declares is what the code does, and imports run one way."""

import ast
import re
from pathlib import Path

import pytest

from lesionflow.adapters import content
from tests.pipeline.declared import (
    PIPELINES,
    SOURCE,
    code_deps,
    import_closure,
    imported_modules,
    is_code,
    loaded_params,
    stages,
)

ROOT = Path(__file__).parents[2]
STAGES = {name: stage for pipeline in PIPELINES for name, stage in stages(ROOT, pipeline).items()}
ROOMS = {"ingest", "curate", "learn", "evaluate", "explain", "report", "adapters", "sample"}
MODULES = sorted(path.relative_to(ROOT) for path in (ROOT / SOURCE).rglob("*.py"))
GROUND_FLOOR = {"errors", "files", "images", "packages", "parallel", "params", "scaling", "seeding", "tables"}
ENTRANCES = {"__init__", "__main__", "cli", "external", "lineage"}
OWNERS = {
    "great_expectations": {"adapters/documents.py", "adapters/expectations.py"},
    "mlflow": {"adapters/store.py", "adapters/tracking.py"},
}


def project(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_closure_follows_imports_of_imports_wherever_they_stand(tmp_path):
    root = project(
        tmp_path,
        {
            "stages/go.py": "from lesionflow.room import first\nimport numpy",
            "src/lesionflow/room/first.py": "def late():\n    from lesionflow.second import name",
            "src/lesionflow/second.py": "",
            "src/lesionflow/other.py": "",
        },
    )
    # go imports first, first (inside a function) imports a name of second; nobody imports other.
    expected = ["src/lesionflow/room/first.py", "src/lesionflow/second.py", "stages/go.py"]
    assert import_closure(root, "stages/go.py") == expected


def test_loaded_params_are_read_from_the_source():
    assert loaded_params('params.load("seed", int)\nparams.load(f"models.{slug}", M)') == {"seed", "models.{slug}"}


@pytest.mark.parametrize("name", STAGES)
def test_stage_declares_exactly_the_code_that_it_reaches(name):
    declared = sorted(str(dep) for dep in STAGES[name]["deps"] if is_code(dep))
    assert declared == sorted(code_deps(ROOT, STAGES[name])), "run `make deps`"


@pytest.mark.parametrize("name", STAGES)
def test_stage_declares_exactly_the_params_that_it_loads(name):
    declared = {re.sub(r"\$\{[a-z._]+\}", "{slug}", str(key)) for key in STAGES[name].get("params", [])}
    loaded = loaded_params((ROOT / STAGES[name]["cmd"].split()[1]).read_text())
    if name == "validate":  # one file serves two stages; `active` matters to predictions alone
        loaded -= {"active", "active_recipes", "joined"}
    elif name == "validate_predictions":
        loaded -= {"curate.split"}
    elif name == "track":  # `lesionflow sync` reads the same sections, of other revisions
        loaded |= {*content.SECTIONS, "models.{slug}", "recipes.{slug}"}
    elif name == "track_pair":  # nor can dvc.yaml tell a pair's backbones and recipes
        loaded |= {*content.SECTIONS, "models", "recipes"}
    assert declared == loaded


def test_no_two_stages_share_a_name():
    assert len(STAGES) == sum(len(stages(ROOT, pipeline)) for pipeline in PIPELINES)


@pytest.mark.parametrize("name", STAGES)
def test_stage_has_a_description(name):
    assert len(STAGES[name]["desc"]) > 20


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_run_from_the_ground_floor_up(module):
    room = module.relative_to(SOURCE).parts[0].removesuffix(".py")
    if room in ENTRANCES:
        return
    allowed = GROUND_FLOOR | ({room} if room in ROOMS else set()) | ({"learn"} if room == "explain" else set())
    reached = {
        name.split(".")[1] for name in imported_modules((ROOT / module).read_text()) if name.startswith("lesionflow.")
    }
    assert reached <= allowed


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_are_absolute_and_static(module):
    source = (ROOT / module).read_text()
    assert not [name for name in imported_modules(source) if name.startswith(".")]
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)}
    assert not calls & {"__import__", "import_module", "importlib.import_module"}


@pytest.mark.parametrize("module", [m for m in MODULES if m.name == "__init__.py"], ids=str)
def test_package_files_are_empty(module):
    assert (ROOT / module).read_text() == ""


@pytest.mark.parametrize(("package", "owner"), OWNERS.items())
def test_only_its_adapters_import(package, owner):
    files = [*MODULES, *(path.relative_to(ROOT) for path in (ROOT / "stages").glob("*.py"))]
    importers = {
        file.as_posix()
        for file in files
        if any(name.split(".")[0] == package for name in imported_modules((ROOT / file).read_text()))
    }
    assert importers == {(SOURCE / file).as_posix() for file in owner}


@pytest.mark.parametrize("path", sorted((ROOT / "stages").glob("*.py")), ids=lambda path: path.name)
def test_stage_file_stays_under_forty_lines(path):
    assert len(path.read_text().splitlines()) < 40
