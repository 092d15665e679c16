import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from lesionflow import files
from lesionflow.report import inputs, leaderboard, notices, status
from tests.report.written_run import PLAN, VALIDATION, write_run

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}


def run(root):
    command = [sys.executable, "-m", "lesionflow", "status"]
    return subprocess.run(command, cwd=root, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def shown(content, width=180):
    console = Console(width=width, markup=False, highlight=False)
    with console.capture() as caught:
        console.print(content)
    return " ".join(caught.get().split())


def test_command_shows_funnel_warnings_and_board(root):
    done = run(root)
    assert (done.returncode, done.stderr) == (0, "")
    told = " ".join(done.stdout.split())
    assert "Photos fetched and decoded 28 ██████████████████████ not found 1, undecodable 1" in told
    assert "Split: train 13, val 4, test 4; 2 classes of 3 kept." in told
    assert told.index("Untrained backbones:") < told.index("Leaderboard") < told.index("second-study")
    assert "first-study 70.0 % -10.0 [-25.0, +5.0], noise 70.0 % [65.0, 75.0]" in told
    assert done.stdout.endswith("Report: reports/index.html\n")


def test_what_is_not_made_yet_is_named_after_what_there_is(root):
    (root / "reports/comparison.json").unlink()
    done = run(root)
    assert done.returncode == 1
    assert "Photos fetched and decoded" in done.stdout
    assert done.stderr == "error: reports/comparison.json: no such file\n  to do:    Run `dvc repro compare`.\n"


@pytest.mark.parametrize("name", ["[red]bold[/red]", "\x1b[31mred", "a\rb", "\U0001f9ea\u202eemoji"])
def test_hostile_names_show_as_text(tmp_path, name):
    plan = {**PLAN, name: PLAN["rare"]}
    ledger = inputs.ledger(write_run(tmp_path, plan) / "outputs", tmp_path / "reports")
    console = Console(width=180, markup=False, highlight=False)
    with console.capture() as caught:
        console.print(status.of_photos(ledger))
    told = caught.get()
    assert "\x1b" not in told
    assert "\r" not in told
    assert name.replace("\x1b", "\ufffd").replace("\r", " ")[:8] in told


def test_a_narrow_terminal_shows_the_first_measures(root):
    made = inputs.read(root / "outputs", root / "reports", list(VALIDATION))
    board = leaderboard.build(made.models, made.comparison)
    wide, narrow = (
        shown(status.of_models(board, notices.of(made), confidence=0.95, width=width), width) for width in (180, 120)
    )
    assert "Macro AUROC" in wide
    assert "Macro AUROC" not in narrow
    assert "Accuracy" in narrow


def test_the_last_decision_on_promotion_is_told(root):
    decided = {"candidate": {"model": "second-study"}, "decision": "challenger", "applied": False}
    files.write_json(decided, root / "reports/promotion.json")
    assert "Last promotion: second-study, challenger (a dry run).\n" in run(root).stdout
