import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
WRITTEN = ("leaderboard.csv", "leaderboard.md", "index.html")


def run_stage(root, stage="report", *arguments):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "src")}
    command = [sys.executable, PROJECT / f"stages/{stage}.py", *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def content(root):
    paths = [root / "reports" / name for name in WRITTEN] + sorted((root / "reports/assets").rglob("*.jpg"))
    paths += sorted((root / "reports/pages").rglob("*.html"))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def test_stage_writes_board_page_and_pictures_and_the_same_again(root):
    assert run_stage(root).returncode == 0
    first = content(root)
    # Of three models, four pictures and a page each; data, validation and lineage.
    assert len(first) == len(WRITTEN) + 3 * (4 + 1) + 3
    assert run_stage(root).returncode == 0
    assert content(root) == first


def test_stage_stops_with_one_message_and_writes_nothing(root):
    (root / "reports/leakage.json").unlink()
    done = run_stage(root)
    assert done.returncode == 1
    assert done.stderr == "error: reports/leakage.json: no such file\n  to do:    Run `dvc repro prove_split`.\n"
    assert not [name for name in (*WRITTEN, "assets", "pages") if (root / "reports" / name).exists()]


def test_stages_of_the_cards_write_them_and_the_same_again(root):
    stages = {"data_card": ["write_data_card"], "model_card_first-study": ["write_model_card", "first-study"]}
    for name, command in stages.items():
        texts = []
        for _ in range(2):
            done = run_stage(root, *command)
            assert (done.returncode, done.stderr) == (0, "")
            texts.append((root / f"reports/{name}.md").read_text())
        assert texts[0] == texts[1]
        assert texts[0].startswith("---\nlicense: " if name == "data_card" else "---\nbase_model:")
