import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
WRITTEN = ("leaderboard.csv", "leaderboard.md", "index.html")


def run_stage(root):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "src")}
    command = [sys.executable, PROJECT / "stages/report.py"]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def content(root):
    paths = [root / "reports" / name for name in WRITTEN] + sorted((root / "reports/assets").rglob("*.jpg"))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def test_stage_writes_board_page_and_pictures_and_the_same_again(root):
    assert run_stage(root).returncode == 0
    first = content(root)
    assert len(first) == len(WRITTEN) + 3 * 4  # models, pictures
    assert run_stage(root).returncode == 0
    assert content(root) == first


def test_stage_stops_with_one_message_and_writes_nothing(root):
    (root / "reports/leakage.json").unlink()
    done = run_stage(root)
    assert done.returncode == 1
    assert done.stderr == "error: reports/leakage.json: no such file\n  to do:    Run `dvc repro prove_split`.\n"
    assert not [name for name in (*WRITTEN, "assets") if (root / "reports" / name).exists()]
