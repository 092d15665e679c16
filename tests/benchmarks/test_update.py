import csv
import os
import subprocess
import sys

from benchmarks import update
from benchmarks.rendering import data


def manifest(folder, name, rows):
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", newline="") as file:
        csv.writer(file).writerows([["id", "url"], *([str(row), f"{row}.jpg"] for row in range(rows))])


def test_rows_that_come_later_are_spread_over_the_largest_manifest(tmp_path):
    manifest(tmp_path, "small.csv", 20)
    manifest(tmp_path, "large.csv", 180)
    rows = update.hold_back(tmp_path, 0.01)  # of 200 rows: 2
    assert rows == [["id", "url"], ["89", "89.jpg"], ["179", "179.jpg"]]  # the last of each half
    assert len((tmp_path / "large.csv").read_text().splitlines()) == 179
    update.give_back(tmp_path, rows)
    assert (tmp_path / "update.csv").read_text().splitlines() == ["id,url", "89,89.jpg", "179,179.jpg"]


def test_figures_are_shares_of_the_full_run_and_name_what_differs():
    found = update.told(
        {"seconds": 60.0, "decoded": 50}, {"seconds": 600.0, "decoded": 2000},
        {"a": "1", "b": "2"}, {"a": "1", "c": "2"}, added=2,
    )  # fmt: skip
    assert (found["update_share_of_full"], found["image_work_share"]) == (0.1, 0.025)
    assert (found["same_as_scratch"], found["differing"]) == (False, ["b", "c"])
    text = data.update_cost(found)
    assert "| Update over full |  10.0 % |          2.5 % |" in text
    assert "2 not as from scratch" in text


def test_seconds_are_told_by_stage_the_longest_first(tmp_path):
    (tmp_path / "counts").mkdir()
    (tmp_path / "stages").mkdir()
    (tmp_path / "sitecustomize.py").write_text(update.COUNTER)
    (tmp_path / "stages/slow.py").write_text("import time; time.sleep(0.3)")
    (tmp_path / "stages/quick.py").write_text("")
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "DECODED": str(tmp_path / "counts")}
    for program in ("stages/quick.py", "stages/slow.py", "stages/slow.py", "sitecustomize.py"):
        subprocess.run([sys.executable, program], cwd=tmp_path, env=environment, check=True)
    found = update.seconds_by(tmp_path / "counts.seconds")
    assert list(found) == ["slow", "quick"]
    assert found["slow"] >= 0.6  # two processes of 0.3 s


def test_decoded_photos_are_counted_for_the_stage_whose_processes_decode_them(tmp_path):
    (tmp_path / "counts").mkdir()
    (tmp_path / "stages").mkdir()
    (tmp_path / "sitecustomize.py").write_text(update.COUNTER)
    program = (
        "from PIL import Image; Image.new('RGB', (9, 9)).save('a.png'); Image.open('a.png').convert('L');"
        "p = Image.open('a.png'); p.load(); p.load(); Image.open('a.png').size"
    )
    (tmp_path / "look.py").write_text(program)
    (tmp_path / "stages/look.py").write_text(
        f"import subprocess, sys; subprocess.run([sys.executable, 'look.py'], check=True)\n{program}"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "DECODED": str(tmp_path / "counts")}
    for script in ("look.py", "stages/look.py"):
        subprocess.run([sys.executable, script], cwd=tmp_path, env=environment, check=True)
    # Two are decoded a run, one of them asked for twice; of the third only the header is read.
    assert update.decoded_by(tmp_path / "counts") == {"look": 4, "other": 2}
