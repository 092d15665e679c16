import csv
import io
import re

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lesionflow.errors import LesionflowError
from lesionflow.ingest import importing, manifest, taxonomy
from lesionflow.ingest.csvrows import CsvRow

OWN = """
source: clinic
licence: CC0-1.0
columns: {id: no, url: file, label: diagnosis, group: patient, age: years, sex: sex, skin_type: fst}
"""
HEADER = "no,file,diagnosis,patient,years,sex,fst"
SCIN_CASES = """case_id,age_group,sex_at_birth,fitzpatrick_skin_type,image_1_path,image_2_path,image_3_path
-11,AGE_18_TO_29,FEMALE,FST2,dataset/images/a.png,,dataset/images/c.png
12,AGE_UNKNOWN,OTHER_OR_UNSPECIFIED,NONE_SELECTED,dataset/images/d.png,,
13,AGE_80_OR_ABOVE,MALE,FST6,dataset/images/e.png,dataset/images/f.png,
14,,,,,,
"""
SCIN_LABELS = """case_id,weighted_skin_condition_label,monk_skin_tone_label_us
13,{'SCC/SCCIS': 1.0},9
12,{},
-11,"{'Tinea': 0.2, 'Psoriasis': 0.4, 'Eczema': 0.4}",3.0
14,{'Tinea': 1.0},
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(project):
    """Import files, given as text by name, into data/ of the project."""

    def run(name, own="", taxonomy_text="", replace=False, photos="", **files):
        for stem, text in files.items():
            (project / f"{stem}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        if own:
            (project / "own.yaml").write_text(own)
        out, terms = project / f"data/manifests/{name}.csv", project / "data/taxonomy.yaml"
        if taxonomy_text:
            terms.parent.mkdir(exist_ok=True)
            terms.write_text(taxonomy_text)
        metadata = [(project / f"{stem}.csv").relative_to(project) for stem in files]
        mapping_path = (project / "own.yaml").relative_to(project) if own else None
        return importing.import_metadata(
            name, metadata, out, terms, mapping_path=mapping_path, replace=replace, photos=photos
        )

    return run


def written(project, name):
    with (project / f"data/manifests/{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def collected(project):
    return manifest.collect(project / "data/manifests", taxonomy.load(project / "data/taxonomy.yaml"))


@pytest.mark.parametrize("order", [1, -1])
def test_scins_two_files_become_a_row_a_photo(run, project, order):
    files = dict(list({"cases": SCIN_CASES, "labels": SCIN_LABELS}.items())[::order])
    done = run("scin", **files)
    # Case -11: Eczema and Psoriasis weigh the same, and Eczema comes first by name. Case 12 has no label, 14 no photo.
    assert done.converted.left_out == {"no label": 1, "no address of a photo": 1}
    assert done.labels == {("Eczema", "eczema"): 2, ("SCC/SCCIS", "squamous_cell_carcinoma"): 2}
    table = collected(project).set_index("record_id")
    assert table["url"].to_dict() == {
        f"scin:{key}": f"gs://dx-scin-public-data/dataset/images/{name}.png"
        for key, name in {"-11_1": "a", "-11_3": "c", "13_1": "e", "13_2": "f"}.items()
    }
    first, last = table.loc["scin:-11_3"], table.loc["scin:13_1"]
    assert (first["group"], first["age"], first["sex"], first["skin_type"], first["skin_tone"]) == (
        "scin:-11", 24, "female", 2, 3,
    )  # fmt: skip
    assert (last["group"], last["age"], last["sex"], last["skin_type"], last["skin_tone"]) == (
        "scin:13", 85, "male", 6, 9,
    )  # fmt: skip


def test_scins_photos_may_lie_in_a_folder(run, project):
    run("scin", photos=str(project / "data/raw"), cases=SCIN_CASES, labels=SCIN_LABELS)
    assert written(project, "scin")[0]["url"] == "../raw/dataset/images/a.png"


def test_a_label_that_another_source_lists_is_no_new_class(run, project):
    tinea = SCIN_LABELS.replace("{}", "{'Tinea': 1.0}")
    done = run("scin", cases=SCIN_CASES, labels=tinea)
    known = taxonomy.load(project / "data/taxonomy.yaml").classes
    assert (known["eczema"].parent, known["tinea"].parent) == ("inflammatory", None)
    assert done.own_classes == ("tinea",)


def test_isics_export_reads_whatever_columns_it_has(run, project):
    done = run(
        "isic",
        meta="isic_id,copyright_license,attribution,diagnosis_1,diagnosis_2,diagnosis_3,lesion_id,image_type\n"
        "ISIC_1,CC-BY,MSK,Benign,Benign melanocytic proliferations,Nevus,IL_1,dermoscopic\n"
        "ISIC_2,CC-0,Vienna,Malignant,Merkel,Merkel cell carcinoma,,clinical: close-up\n"
        "ISIC_3,CC-BY-NC,,Benign,Benign soft tissue proliferations - Vascular,,IL_3,dermoscopic\n"
        "ISIC_4,CC-0,,,,,IL_4,dermoscopic\n",
    )
    table = collected(project)
    assert table["label"].tolist() == ["melanocytic_nevus", "merkel_cell_carcinoma", "vascular_lesion"]
    assert table["licence"].tolist() == ["CC-BY-4.0", "CC0-1.0", "CC-BY-NC-4.0"]
    assert table["attribution"].tolist() == ["MSK", "Vienna", ""]
    assert table["group"].fillna("").tolist() == ["isic:IL_1", "", "isic:IL_3"]
    assert taxonomy.load(project / "data/taxonomy.yaml").classes["merkel_cell_carcinoma"].malignant
    assert done.converted.left_out == {"no label": 1}
    assert done.converted.flags == {"image_type: dermoscopic": 2, "image_type: clinical: close-up": 1}
    assert run("isic", meta="isic_id,copyright_license,diagnosis\nI,CC-0,melanoma\n", replace=True).labels == {
        ("melanoma", "melanoma"): 1
    }


def test_derm7pts_clinical_photos_lie_beside_its_metadata(run, project):
    run(
        "derm7pt",
        meta="case_num,diagnosis,clinic,derm,sex,location\n"
        "1,clark nevus,NEL/a.jpg,NEL/b.jpg,female,back\n2,melanoma (in situ),NEL/c.jpg,NEL/d.jpg,male,head neck\n"
        "3,miscellaneous,NEL/e.jpg,NEL/f.jpg,male,back\n",
    )
    table = collected(project)
    assert table["label"].tolist() == ["melanocytic_nevus", "melanoma"]
    # Published in meta/, here in the project's folder; the photos lie in images/ beside the folder of the metadata.
    assert table["url"].tolist()[0] == (project.parent / "images/NEL/a.jpg").as_uri()


def test_milk10k_reads_as_the_challenge_publishes_it(run, project):
    run(
        "milk10k",
        metadata="lesion_id,image_type,isic_id,age_approx,sex,skin_tone_class,site\n"
        "IL_1,clinical: close-up,ISIC_1,40,male,3,trunk\nIL_1,dermoscopic,ISIC_2,40,male,3,trunk\n",
        truth="lesion_id,AKIEC,BCC,BEN_OTH,BKL,DF,INF,MAL_OTH,MEL,NV,SCCKA,VASC\nIL_1,0.0,0.0,0,0,0,0,0,1.0,0,0,0\n",
    )
    (row,) = written(project, "milk10k")
    assert (row["id"], row["label"]) == ("ISIC_1", "MEL")
    assert row["url"] == (project / "IL_1/ISIC_1.jpg").as_uri()


def test_a_source_of_ones_own_needs_a_small_mapping(run, project):
    own = OWN + "taxonomy: {melanoma: {aliases: [MM], malignant: true}, nevus: {}}\n"
    done = run("clinic", own, meta=f"{HEADER}\n1,a.jpg,MM,P1,40,female,3\n2,b.jpg,Nevus,P1,,,\n")
    assert done.labels == {("MM", "melanoma"): 1, ("Nevus", "nevus"): 1}
    assert collected(project)["group"].tolist() == ["clinic:P1", "clinic:P1"]
    assert run("clinic", own, meta=(project / "meta.csv").read_text()).changed == ()


def test_a_label_that_no_class_has_is_refused_and_nothing_is_written(run, project):
    with pytest.raises(LesionflowError) as caught:
        run("clinic", OWN, meta=f"{HEADER}\n1,a.jpg,MM,,,,\n")
    assert str(caught.value).startswith("meta.csv: row 2, column diagnosis\n  got:      'MM'\n")
    assert str(caught.value).endswith("correct the cell. Or let the mapping say `unlisted: own_class`, or `leave_out`.")
    assert not (project / "data").exists()


def test_an_unlisted_label_may_be_left_out(run):
    text = "classes: {melanoma: {aliases: [MM]}}\n"
    meta = f"{HEADER}\n1,a.jpg,MM,,,,\n2,b.jpg,what,,,,\n"
    done = run("clinic", OWN + "unlisted: leave_out\n", text, meta=meta)
    assert done.labels == {("MM", "melanoma"): 1}
    assert done.converted.left_out == {"unlisted label: what": 1}


def test_an_unlisted_label_may_become_a_class_of_its_own(run, project):
    meta = f"{HEADER}\n1,a.jpg,Sun burn (mild),,,,\n2,b.jpg,sun-burn mild,,,,\n3,c.jpg,MM,,,,\n"
    done = run("clinic", OWN + "unlisted: own_class\n", "classes: {melanoma: {aliases: [MM]}}\n", meta=meta)
    # Two spellings of the same words, and a name that the user's taxonomy has.
    assert done.own_classes == ("sun_burn_mild",)
    assert set(done.labels) == {
        ("Sun burn (mild)", "sun_burn_mild"), ("sun-burn mild", "sun_burn_mild"), ("MM", "melanoma"),
    }  # fmt: skip
    assert taxonomy.load(project / "data/taxonomy.yaml").classes["sun_burn_mild"].aliases == ("Sun burn (mild)",)


@pytest.mark.parametrize("label", ["???", "Melanoma?", "a\x07b", "x" * 300])
def test_a_label_that_makes_no_class_name_is_refused(run, label):
    with pytest.raises(LesionflowError, match=r"meta.csv: row 2, column diagnosis\n"):
        run("clinic", OWN + "unlisted: own_class\n", "classes: {melanoma: {}}\n", meta=f"{HEADER}\n1,a,{label},,,,\n")


def test_metadata_without_a_usable_row_says_why(run):
    with pytest.raises(LesionflowError) as caught:
        run("clinic", OWN, meta=f"{HEADER}\n1,,MM,,,,\n2,,MM,,,,\n3,c.jpg,,,,,\n")
    assert str(caught.value) == (
        "meta.csv: no rows to import\n  got:      no address of a photo (2 rows), no label (1 rows)\n"
        "  expected: a row a photo"
    )


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a\0b"])
def test_a_name_that_leads_elsewhere_is_refused(name):
    with pytest.raises(LesionflowError, match="expected: a name of letters, digits"):
        importing.default_out(name)


def test_what_cannot_be_written_is_named(run, project):
    (project / "data").write_text("")
    with pytest.raises(LesionflowError, match=r"data/taxonomy.yaml: can't be written\n  got: "):
        run("clinic", OWN + "unlisted: own_class\n", meta=f"{HEADER}\n1,a.jpg,MM,,,,\n")


def test_csv_is_written_so_that_every_cell_comes_back():
    cells = {"id": 'a"b', "url": "a\rb", "label": "a\nb", "source": "a,b", "licence": "=cmd()", "attribution": "\0"}
    text = importing.as_csv([CsvRow(2, cells)])
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row == cells


def test_addresses_no_file_can_have_are_counted_as_absent(run):
    files = ["file://[x", "x" * 5000, "a\0b"]
    rows = "".join(f"{n},{file},MM,,,,\n" for n, file in enumerate(files))
    assert run("clinic", OWN + "unlisted: own_class\n", meta=f"{HEADER}\n{rows}").absent == 3


KNOWN = "classes: {melanoma: {aliases: [MM]}}\n"
CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    [
        "", "mole", "MM", "a.jpg", "https://x.org/a.jpg", "file:///a", "7", "40", "-1", "female", "=cmd()", "@SUM(A1)",
        "+1", "a\r\nb", "a\rb", 'a"b', "a,b", "\0", "\ufeff", "x" * 3000, "1e999", "file://[", "{}", "{'a': 1}", "\x85",
    ]
)  # fmt: skip
# What a column of a good file holds: text that means nothing may be anything.
GOOD = {
    "no": CELLS, "file": CELLS, "diagnosis": st.sampled_from(["MM", "mole", "Lichen planus/nitidus", "=mole()"]),
    "patient": CELLS, "years": st.sampled_from(["", "40"]), "sex": st.sampled_from(["", "Female"]),
    "fst": st.sampled_from(["", "-1", "6"]),
}  # fmt: skip
ODD_HEADERS = st.lists(st.sampled_from([*GOOD, "odd", "", "\0", "=a"]), min_size=1, max_size=9)
RULES = st.sampled_from(["unlisted: own_class\n", "unlisted: leave_out\n", "unlisted: own_class\nflags: [sex]\n"])


def as_quoted(rows, end):
    text = io.StringIO()
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()


@st.composite
def csv_files(draw):
    """Bytes of a file that somebody may call CSV, half of them good ones."""
    good, end = draw(st.booleans()), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    header = draw(st.permutations([*GOOD]) if good else st.permutations([*GOOD]) | ODD_HEADERS)
    cells = st.tuples(*[GOOD[name] if good else CELLS | GOOD.get(name, CELLS) for name in header])
    text = as_quoted([header, *draw(st.lists(cells, min_size=int(good), max_size=5))], end)
    if good:
        return text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig"])))
    content = text.encode(draw(st.sampled_from(["utf-8", "utf-16", "utf-16-le", "latin-1"])), errors="replace")
    spoilt = st.sampled_from([content, content[: len(content) // 2], content.replace(b'"', b"")])
    return draw(spoilt | st.binary(max_size=60))


@given(content=csv_files(), rule=RULES)
@hypothesis_settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_csv_is_imported_whole_or_refused_by_file_and_row(run, project, content, rule):
    data = project / "data"
    for path in [*data.rglob("*")] if data.exists() else []:
        if path.is_file():
            path.unlink()
    try:
        done = run("clinic", OWN + rule, KNOWN, meta=content)
    except LesionflowError as error:
        assert re.match(r"meta\.csv: ", str(error))  # noqa: PT017
        assert re.search(r"row \d|no rows", str(error))  # noqa: PT017
        assert [path.name for path in data.rglob("*") if path.is_file()] == ["taxonomy.yaml"]
        assert (data / "taxonomy.yaml").read_text() == KNOWN
    else:
        table = collected(project)
        assert len(table) == len(done.converted.rows) == done.labels.total()
        assert table["url"].tolist() == [row.cells["url"] for row in done.converted.rows]
        assert run("clinic", OWN + rule, meta=content).changed == ()


def test_a_megabyte_in_a_cell_is_refused_and_nothing_written(run, project):
    with pytest.raises(LesionflowError, match=r"^meta.csv: row 3\n  got:      field larger than field limit"):
        run("clinic", OWN, meta=f"{HEADER}\n1,a.jpg,MM,,,,\n2,{'x' * 2**20},MM,,,,\n")
    assert not (project / "data").exists()
