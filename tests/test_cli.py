import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from lesionflow import cli, tables
from lesionflow.errors import LesionflowError
from lesionflow.ingest import manifest, taxonomy

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
HEADER = "file,isic_id,lesion_id,label,image_type,age_approx,sex,skin_tone_class,site,sha256"
ROWS = """
a.jpg,I1,L1,NV,clinical: close-up,10,female,3,trunk,
b.jpg,I2,L1,NV,dermoscopic,10,female,3,trunk,
c.jpg,I3,L2,MEL,clinical: close-up,,,0,,
"""


@pytest.fixture
def metadata(tmp_path, monkeypatch):
    """data/raw/metadata.csv with one of its photos; the working folder holds data/."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data" / "raw"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"")
    (folder / "metadata.csv").write_text(HEADER + ROWS)
    return folder / "metadata.csv"


def run(*arguments):
    return CliRunner().invoke(cli.commands, ["import", *map(str, arguments)], catch_exceptions=False)


def test_import_writes_a_manifest_and_a_taxonomy_that_collect_accepts(metadata, tmp_path):
    done = run("milk10k", "data/raw/metadata.csv")
    assert done.output == (
        "data/manifests/milk10k.csv: 2 rows, of 3 published\n"
        "left out: 1\n"
        "       1  image_type: dermoscopic\n"
        "labels: 2, in 2 classes\n"
        "       1  NV -> melanocytic_nevus\n"
        "       1  MEL -> melanoma\n"
        "written: data/taxonomy.yaml\n"
        "written: data/manifests/milk10k.csv\n"
        "warning: 1 photos are not where the metadata says\n"
        "Next: dvc add data && dvc repro\n"
    )
    assert (tmp_path / "data/manifests/milk10k.csv").read_text() == (
        "id,url,label,source,licence,attribution,group,age,sex,body_site,skin_tone\n"
        "I1,../raw/a.jpg,NV,milk10k,CC-BY-NC-4.0,MILK study team,L1,10,female,trunk,3\n"
        "I3,../raw/c.jpg,MEL,milk10k,CC-BY-NC-4.0,MILK study team,L2,,,,0\n"
    )
    known = taxonomy.load(tmp_path / "data/taxonomy.yaml")
    frame = manifest.collect(tmp_path / "data/manifests", known)
    assert frame["group"].tolist() == ["milk10k:L1", "milk10k:L2"]
    assert frame["skin_type"].isna().all()


def test_importing_again_changes_nothing(metadata):
    run("milk10k", "data/raw/metadata.csv")
    assert "nothing changed\n" in run("milk10k", "data/raw/metadata.csv").output


def a_run(folder):
    """What a run leaves that split the first import's two photos."""
    split = pd.DataFrame(
        {"sha256": ["s1", "s2"], "record_id": ["milk10k:I1", "milk10k:I3"], "label": "a", "class_id": 0,
         "group": ["g", "h"], "split": ["test", "train"]}
    )  # fmt: skip
    tables.write(split, folder / "outputs/split.parquet", tables.SPLIT)


def test_import_of_more_data_freezes_the_split_of_the_last_run(metadata, tmp_path):
    run("milk10k", "data/raw/metadata.csv")
    a_run(tmp_path)
    ledger = tmp_path / "data/manifests/frozen/split.csv"
    run("milk10k", "data/raw/metadata.csv")  # changes nothing
    assert not ledger.exists()
    metadata.write_text(metadata.read_text() + "d.jpg,I4,L4,NV,clinical: close-up,,,0,,\n")
    run("milk10k", "data/raw/metadata.csv", "--replace", "--no-freeze")
    assert not ledger.exists()
    metadata.write_text(metadata.read_text() + "e.jpg,I5,L5,NV,clinical: close-up,,,0,,\n")
    done = run("milk10k", "data/raw/metadata.csv", "--replace")
    assert done.output.startswith("data/manifests/frozen/split.csv: 2 photos keep their part (train 1, val 0, test 1);")
    assert ledger.read_text() == "record_id,sha256,split\nmilk10k:I1,s1,test\nmilk10k:I3,s2,train\n"


def test_freeze_split_says_what_to_do_next(metadata, tmp_path):
    a_run(tmp_path)
    done = CliRunner().invoke(cli.commands, ["freeze-split"], catch_exceptions=False)
    assert done.output.splitlines()[1] == "Next: dvc add data && dvc repro"
    assert (tmp_path / "data/manifests/frozen/split.csv").exists()


def test_another_manifest_is_not_overwritten_unasked(metadata, tmp_path):
    run("milk10k", "data/raw/metadata.csv")
    before = (tmp_path / "data/manifests/milk10k.csv").read_bytes()
    metadata.write_text(HEADER + ROWS.replace("L2", "L3"))
    with pytest.raises(LesionflowError, match=r"holds another manifest\n.*\n.*pass --replace"):
        run("milk10k", "data/raw/metadata.csv")
    assert (tmp_path / "data/manifests/milk10k.csv").read_bytes() == before
    assert "written: data/manifests/milk10k.csv\n" in run("milk10k", "data/raw/metadata.csv", "--replace").output


def test_photos_elsewhere_become_uris_and_a_hint(metadata, tmp_path):
    out = tmp_path / "other" / "manifests" / "own.csv"
    done = run("milk10k", metadata, "-o", out, "--taxonomy", tmp_path / "own.yaml")
    assert f"add {metadata.parent} to ingest.file_roots in params.yaml" in done.output
    assert (metadata.parent / "a.jpg").as_uri() in out.read_text()
    assert (tmp_path / "own.yaml").exists()


def test_a_bad_row_names_the_metadata_and_nothing_is_written(metadata, tmp_path):
    metadata.write_text(HEADER + ROWS.replace("L2,MEL", "L2,MELL"))
    with pytest.raises(LesionflowError) as caught:
        run("milk10k", "data/raw/metadata.csv")
    assert str(caught.value).startswith("data/raw/metadata.csv: row 4, column label\n  got:      'MELL'\n")
    assert not (tmp_path / "data/manifests").exists()
    assert not (tmp_path / "data/taxonomy.yaml").exists()


def test_a_mapping_of_ones_own_and_several_files(metadata, tmp_path):
    (tmp_path / "own.yaml").write_text(
        "source: clinic\nlicence: CC0-1.0\njoin: case\nunlisted: own_class\nflags: [check]\n"
        "columns: {id: case, url: [p1, p2], label: dx}\n"
    )
    (tmp_path / "photos.csv").write_text("case,p1,p2\n1,a.jpg,b.jpg\n2,c.jpg,\n")
    (tmp_path / "labels.csv").write_text("case,dx,check\n1,Solar burn,doubtful\n2,,\n")
    done = run("clinic", "labels.csv", "photos.csv", "--mapping", "own.yaml", "--photos", "https://x.org/p")
    assert done.output == (
        "data/manifests/clinic.csv: 2 rows, of 2 published\n"
        "left out: 1\n"
        "       1  no label\n"
        "flags of rows that are in:\n"
        "       1  check: doubtful\n"
        "labels: 1, in 1 classes\n"
        "       2  Solar burn -> solar_burn\n"
        "written: data/taxonomy.yaml\n"
        "written: data/manifests/clinic.csv\n"
        "warning: 1 labels that no mapping lists became classes of their own; "
        "look at their `malignant` in the taxonomy: solar_burn\n"
        "Next: dvc add data && dvc repro\n"
    )
    assert (tmp_path / "data/manifests/clinic.csv").read_text() == (
        "id,url,label,source,licence\n"
        "1_1,https://x.org/p/a.jpg,Solar burn,clinic,CC0-1.0\n"
        "1_2,https://x.org/p/b.jpg,Solar burn,clinic,CC0-1.0\n"
    )


def test_many_labels_are_told_in_part(metadata):
    rows = "".join(f"{n}.jpg,I{n},L{n},label {n:02},clinical: close-up,,,0,,\n" for n in range(33))
    metadata.write_text(HEADER + "\n" + rows)
    terms = metadata.parent / "t.yaml"
    terms.write_text("classes: {" + ", ".join(f"label {n:02}: {{}}" for n in range(33)) + "}\n")
    told = run("milk10k", metadata, "--taxonomy", terms).output.splitlines()
    listed = [line for line in told if " -> " in line]
    assert (len(listed), told[told.index(listed[-1]) + 1]) == (30, "       3  in 3 more")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["milk10k", "none.csv"], "error: none.csv: no such file\n"),
        (["milk", "none.csv"], "error: import: no source 'milk'; did you mean milk10k?\n"),
        (["milk10k", "x.csv", "-o", "x.txt"], "error: x.txt: not a manifest's name\n"),
        (["own", "x.csv", "--mapping", "own.yaml"], "error: own.yaml: no such file\n"),
        (["../own", "x.csv"], "error: import: '../own'\n"),
    ],
)
def test_a_mistake_ends_in_one_message_and_exit_code_1(tmp_path, arguments, message):
    done = subprocess.run(
        [sys.executable, "-m", "lesionflow", "import", *arguments],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_names_the_commands_and_loads_no_room():
    code = "import sys; from lesionflow import cli; print('pandas' in sys.modules, *cli.commands.commands)"
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    loaded, *commands = done.stdout.split()
    assert loaded == "False"
    assert {"import", "freeze-split", "evaluate-external", "sync", "promote", "predict", "status"} <= set(commands)
