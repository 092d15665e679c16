"""How long the report takes on a written run: 27,000 rows, 51 classes, six classifiers; and on the sample's size.

`python benchmarks/report.py` writes benchmarks/results/report.json. The tables and figures are made up, as in the tests
of the report; their sizes are not. `load_average` is the machine's before each run: above its number of processors,
`seconds` says more of the others than of the stage, and `processor_seconds` is the figure to look at.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from environment import versions
from PIL import Image

from lesionflow import files

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.report import written_run  # noqa: E402

RESULT = Path("benchmarks/results/report.json")
SIZES = {"study": (51, 530, 6), "sample": (5, 226, 5)}
"""Classes, rows of each, classifiers."""
PICTURES = 16
EPOCHS = 20


def main() -> None:
    """Write both runs, time the stage on each, and write the result."""
    found = {}
    for name, (classes, rows, models) in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), classes, rows, models)
            found[name] = {"rows": classes * rows, "classes": classes, "models": models, **measure(Path(folder))}
    told = {"command": "make benchmark-report", "versions": versions(), **found}
    files.write_json(told, RESULT)
    print(RESULT.read_text(encoding="utf-8"))


def write(root: Path, classes: int, rows: int, models: int) -> None:
    """A run of so many classes, rows of each and classifiers."""
    kinds = {"failed": ["not_found"] * (rows // 20), "dropped": ["near_duplicate"] * (rows // 10)}
    plan = {f"class_of_skin_{place:02}": {"rows": rows, **kinds} for place in range(classes)}
    written_run.write_run(root, plan)
    split = pd.read_parquet(root / "outputs/split.parquet").sort_values("record_id", ignore_index=True)
    names = [f"model_{place}-study" for place in range(models)]
    compared = files.read_json(root / "reports/comparison.json")
    compared["models"] = dict.fromkeys(names, compared["models"]["first-study"])
    files.write_json(compared, root / "reports/comparison.json")
    for place, name in enumerate(names):
        written_run.write_model(root, name, 0.5 + place / 100, split)
        enlarge(root, name, split)
    active = ", ".join(name.removesuffix("-study") for name in names)
    text = (root / "params.yaml").read_text(encoding="utf-8").splitlines()
    files.write_text("\n".join([f"active: [{active}]", *text[1:]]) + "\n", root / "params.yaml")
    # The project's own pipeline, whose graph is drawn; the written run has no sources elsewhere.
    pipeline = (ROOT / "dvc.yaml").read_text(encoding="utf-8").replace("${external}", "${joined}")
    files.write_text(pipeline, root / "dvc.yaml")


def enlarge(root: Path, name: str, split: pd.DataFrame) -> None:
    """Mistakes, curves and pictures in the numbers of a real classifier."""
    test, rng = split[split["split"] == "test"], np.random.default_rng(1)
    labels = sorted(set(split["label"]))
    predicted = np.where(rng.random(len(test)) < 0.7, test["label"], rng.choice(labels, len(test)))
    confusion = pd.DataFrame({"actual": test["label"], "predicted": predicted})
    share = np.arange(1, len(test) + 1) / len(test)
    risk = pd.DataFrame({"threshold": 1 - share / 2, "coverage": share, "risk": share / 3})
    epochs = pd.DataFrame({"epoch": range(1, EPOCHS + 1)}).assign(
        train_loss=1.0, val_loss=1.1, train_accuracy=0.5, val_accuracy=0.4
    )
    for kind, frame in {"confusion": confusion, "risk": risk, "history": epochs}.items():
        files.write_text(frame.to_csv(index=False), root / f"reports/{kind}/{name}.csv")
    folder = root / f"outputs/explain/{name}"
    index = files.read_json(folder / "index.json")
    index["items"] = [{**item, "photo": f"{place}.jpg", "overlay": f"{place}-map.jpg"}
                      for place, item in enumerate(index["items"] * (PICTURES // 2))]  # fmt: skip
    files.write_json(index, folder / "index.json")
    for item in index["items"]:
        for kind in ("photo", "overlay"):
            pixels = rng.integers(0, 255, (224, 224, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / item[kind], quality=85)


def measure(root: Path) -> dict[str, Any]:
    """Wall and processor seconds of the stage, and the largest page."""
    load = os.getloadavg()[0]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, ROOT / "stages/report.py"], cwd=root, env=environment, check=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sizes = [path.stat().st_size for path in (root / "reports").rglob("*.html")]
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(spent, 1),
        "load_average": round(load, 1),
        "processors": os.cpu_count(),
        "pages": len(sizes),
        "largest_page_bytes": max(sizes),
    }


if __name__ == "__main__":
    main()
