"""Each expectation of the suites bites: a sound table passes, each poison is told by rule, column, rows and example."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lesionflow import tables
from lesionflow.adapters import checks, expectations, gate
from lesionflow.adapters.settings import ValidateParams
from lesionflow.curate.reasons import Reason as CurateReason
from lesionflow.errors import LesionflowError
from lesionflow.ingest.manifest import SEXES
from lesionflow.ingest.reasons import Reason as IngestReason
from lesionflow.ingest.verify import EXTENSIONS
from tests.adapters import sound_tables

SUITES = Path(__file__).parents[2] / "expectations"
SETTINGS = ValidateParams(min_rows=2, max_split_deviation=0.05, min_class_photos=1)
EQUAL, SET, NULL = "column_values_to_be_unique", "column_values_to_be_in_set", "column_values_to_not_be_null"
LOPSIDED = ["train", "train", "val", "test", "train", "train", "train", "test"]
CONTAIN = "column_distinct_values_to_contain_set"
COPIES = [sound_tables.sha("a")] * 4 + [None]
MANIFEST_TEXTS = ("manifest", "url", "label", "source", "licence")
RANGE, REGEX = "column_values_to_be_between", "column_values_to_match_regex"


def hold(name, frame, settings=SETTINGS, shares=sound_tables.SHARES):
    if name == "predictions":
        prepared = checks.predictions(frame, models=sound_tables.MODELS)
    else:
        prepared = checks.prepare(name, frame, shares=shares, tolerance=0.02)
    suite = gate.read_suite(SUITES / f"{name}.json")
    return gate.hold(prepared, suite, parameters=settings.model_dump(), key=checks.GATED[name].key)


def sound(name):
    return getattr(sound_tables, name)()


def with_cell(frame, row, column, value):
    if value is not None and not isinstance(value, np.ndarray):
        frame[column] = frame[column].astype(object)
    frame.at[row, column] = value  # noqa: PD008 (loc would spread an array over cells)
    return frame


def broken(results):
    return {
        (r.expectation.removeprefix("expect_"), r.column) for r in results if not r.success and r.severity == "critical"
    }


@pytest.mark.parametrize("name", checks.GATED)
def test_a_sound_table_passes_and_has_the_columns_of_tables(name):
    frame = sound(name)
    assert list(frame) == list(checks.GATED[name].columns)
    results = hold(name, frame)
    assert [result for result in results if not result.success] == []
    gate.refuse_failures(name, results, made_by="a stage")


# Cell by cell: table, row, column, poison, and the rules that must break. Row 0 of `split` is in train.
CELLS = [
    ("manifest", 0, "record_id", None, {(NULL, "record_id")}),
    ("manifest", 0, "record_id", "clinic:1", {(EQUAL, "record_id")}),
    *[("manifest", 0, column, None, {(NULL, column)}) for column in MANIFEST_TEXTS],
    *[("manifest", 0, column, " ", {(REGEX, column)}) for column in (*MANIFEST_TEXTS, "group")],
    ("manifest", 1, "checksum", "sha256:abc", {(REGEX, "checksum")}),
    ("manifest", 1, "checksum", f"md5:{'A' * 32}", {(REGEX, "checksum")}),
    ("manifest", 1, "checksum", f"md5:{'a' * 32}\n", {(REGEX, "checksum")}),
    ("manifest", 1, "age", 121.0, {(RANGE, "age")}),
    ("manifest", 1, "age", -1.0, {(RANGE, "age")}),
    ("manifest", 1, "sex", "F", {(SET, "sex")}),
    ("manifest", 1, "skin_type", 0, {(RANGE, "skin_type")}),
    ("manifest", 1, "skin_type", 7, {(RANGE, "skin_type")}),
    ("ingested", 0, "record_id", "clinic:1", {(EQUAL, "record_id")}),
    ("ingested", 0, "status", "done", {(SET, "status"), (SET, "fits_status")}),
    ("ingested", 9, "reason", "weather", {(SET, "reason")}),
    ("ingested", 9, "reason", "", {(SET, "fits_status")}),
    ("ingested", 0, "reason", "not_found", {(SET, "fits_status")}),
    ("ingested", 0, "shard", None, {(SET, "fits_status")}),
    ("ingested", 9, "width", 10, {(SET, "fits_status")}),
    ("ingested", 0, "mask_length", pd.NA, {(SET, "fits_mask")}),
    ("ingested", 0, "sha256", "ABC", {(REGEX, "sha256")}),
    ("ingested", 0, "fetched_sha256", "abc", {(REGEX, "fetched_sha256")}),
    ("ingested", 0, "shard", "../clinic.zip", {(REGEX, "shard")}),
    ("ingested", 0, "format", "svg", {(SET, "format")}),
    *[("ingested", 0, column, 0, {(RANGE, column)}) for column in ("width", "height", "length", "mask_length")],
    *[("ingested", 0, column, -1, {(RANGE, column)}) for column in ("offset", "mask_offset")],
    ("curated", 2, "record_id", "clinic:3", {(EQUAL, "record_id")}),
    ("curated", 2, "sha256", "abc", {(REGEX, "sha256")}),
    ("curated", 2, "sha256", None, {(SET, "fits_verdict")}),
    ("curated", 2, "verdict", "maybe", {(SET, "verdict"), (SET, "fits_verdict")}),
    ("curated", 4, "reason", "ugly", {(SET, "reason")}),
    ("curated", 4, "reason", "", {(SET, "fits_verdict")}),
    ("curated", 2, "reason", "blurred", {(SET, "fits_verdict")}),
    ("curated", 2, "group", None, {(NULL, "group")}),
    ("curated", 2, "label", "", {(REGEX, "label")}),
    ("curated", 1, "group", "g1", {(RANGE, "groups_in_cluster")}),
    ("curated", 1, "kept_record_id", "clinic:4", {(SET, "names_kept")}),
    ("split", 0, "record_id", "clinic:1", {(EQUAL, "record_id")}),
    ("split", 0, "sha256", "abc", {(REGEX, "sha256")}),
    ("split", 0, "class_id", 1, {(RANGE, "labels_per_class_id"), (RANGE, "class_ids_per_label")}),
    ("split", 0, "split", "holdout", {(SET, "split"), (RANGE, "splits_per_class"), (RANGE, "share_deviation")}),
    ("split", 0, "group", "g7", {(RANGE, "splits_per_group")}),
    ("split", 0, "group", None, {(NULL, "group")}),
    ("predictions", 0, "model", "other", {(SET, "model")}),
    ("predictions", 0, "split", "test", {(RANGE, "splits_per_photo")}),
    ("predictions", 0, "predicted", "eczem", {(SET, "predicted"), (NULL, "shortfall")}),
    ("predictions", 0, "predicted", "nevus", {(RANGE, "shortfall")}),
    ("predictions", 0, "probabilities", np.float32([0.7, 0.2]), {(RANGE, "probability_sum")}),
    ("predictions", 0, "probabilities", np.float32([1.0, np.nan]),
     {(NULL, "probability_sum"), (NULL, "probability_min"), (NULL, "shortfall")}),
    ("predictions", 0, "probabilities", np.float32([1.25, -0.25]),
     {(RANGE, "probability_min"), (RANGE, "probability_max")}),
    ("predictions", 0, "probabilities", np.float32([0.75, 0.125, 0.125]), {(RANGE, "probabilities_count")}),
    ("predictions", 0, "probabilities", np.float32([]),
     {(RANGE, "probabilities_count"), (RANGE, "probability_sum"),
      (NULL, "probability_min"), (NULL, "shortfall")}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "row", "column", "value", "expected"), CELLS)
def test_a_poisoned_cell_breaks_just_the_rules_on_it(name, row, column, value, expected):
    assert broken(hold(name, with_cell(sound(name), row, column, value))) == expected


# Row by row and column by column: table, change, and a rule that must be among the broken ones.
CHANGES = [
    ("split", lambda f: f.assign(split=["train"] * 5 + ["val", "test", "train"]), (RANGE, "splits_per_class")),
    # train 5/8 where 1/2 was asked: off by 0.125.
    ("split", lambda f: f.assign(split=LOPSIDED), (RANGE, "share_deviation")),
    ("split", lambda f: f.assign(label="nevus", class_id=0), ("column_unique_value_count_to_be_between", "label")),
    ("manifest", lambda f: f.assign(label="nevus"), ("column_unique_value_count_to_be_between", "label")),
    ("curated", lambda f: f.assign(verdict="keep", reason=""), (RANGE, "kept_in_cluster")),
    ("curated", lambda f: f.assign(sha256=COPIES, cluster=None), (RANGE, "kept_copies")),
    ("curated", lambda f: f.assign(verdict="drop", reason="blurred"), (CONTAIN, "verdict")),
    ("ingested", lambda f: f.iloc[[9, 9]], (CONTAIN, "status")),
    ("predictions", lambda f: pd.concat([f, f.iloc[:1]]), ("compound_columns_to_be_unique", None)),
    ("predictions", lambda f: f.iloc[1:], (RANGE, "models_per_photo")),
    ("predictions", lambda f: f[f["split"] != "val"], ("column_distinct_values_to_equal_set", "split")),
    # Probabilities in another order than class_id: every prediction then disagrees with its vector.
    ("predictions", lambda f: f.assign(probabilities=[row[::-1] for row in f["probabilities"]]), (RANGE, "shortfall")),
    *[(name, lambda f: f.iloc[:0], ("table_row_count_to_be_between", None)) for name in checks.GATED],
    *[(name, lambda f: f.assign(more=1), ("table_columns_to_match_ordered_list", None)) for name in checks.GATED],
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "expected"), CHANGES)
def test_a_poisoned_table_breaks_the_rule(name, change, expected):
    assert expected in broken(hold(name, change(sound(name)).reset_index(drop=True)))


def test_the_message_names_table_column_rule_rows_and_what_to_do():
    frame = with_cell(with_cell(sound("split"), 1, "group", "g0"), 2, "group", "g0")  # train, train and val
    photos = frame["sha256"]
    with pytest.raises(LesionflowError) as raised:
        gate.refuse_failures("split", hold("split", frame), made_by="split")
    assert str(raised.value) == (
        "table split breaks 1 of 23 expectations\n"
        "  got:      column splits_per_group: expect_column_values_to_be_between "
        '{"min_value": 1.0, "max_value": 1.0}: 3 rows, '
        f'e.g. sha256="{photos[0]}" splits_per_group=2; sha256="{photos[1]}" splits_per_group=2; '
        f'sha256="{photos[2]}" splits_per_group=2 (a patient, lesion or duplicate cluster crosses splits)\n'
        "  expected: what expectations/split.json asks for\n"
        "  to do:    Mend the rows at their source (data/, or stage split), then run `dvc repro`; "
        "or change expectations/split.json and validate in params.yaml, where they ask for too much."
    )


def test_bounds_that_no_photo_keeps_stop_at_the_gate_of_curated():
    frame = sound("curated").assign(verdict="drop", reason="blurred", kept_record_id=None)
    with pytest.raises(LesionflowError, match=r"table curated breaks 1 of .*\n.*\(nothing was kept\)"):
        gate.refuse_failures("curated", hold("curated", frame), made_by="curate")


def test_a_missing_column_is_told_and_not_passed_over():
    results = hold("manifest", sound("manifest").drop(columns="age"))
    ages = [result for result in results if result.column == "age"]
    assert [result.success for result in ages] == [False]
    assert 'The column "age" in BatchData does not exist' in ages[0].observed


def test_a_warning_is_reported_and_does_not_stop():
    results = hold("split", sound("split"), SETTINGS.model_copy(update={"min_class_photos": 2}))
    # val and test hold 1 photo a class: 4 of 8 rows.
    assert [(result.column, result.unexpected) for result in results if not result.success] == [("class_photos", 4)]
    gate.refuse_failures("split", results, made_by="split")
    report = gate.summary("split", 8, results)
    assert report["success"] is True
    assert report["failed"] == {"critical": 0, "warning": 1}


def test_a_class_off_its_shares_warns_where_the_whole_split_is_sound():
    # Both classes together have the shares asked for, 1/2, 1/4, 1/4; eczema alone has 3/4, 1/4, 0 and nevus the rest.
    frame = sound("split").assign(split=["train", "train", "train", "val", "train", "val", "test", "test"])
    results = hold("split", frame)
    assert (RANGE, "share_deviation") not in broken(results)
    warned = [(r.column, r.unexpected) for r in results if not r.success and r.severity == "warning"]
    # eczema: 3 train off by 1/4, val just right; nevus: train off by 1/4, val just right, 2 test off by 1/4.
    assert warned == [("class_share_deviation", 6)]


def test_a_class_share_just_at_the_tolerance_passes():
    # Of 100 photos a class, 52 train, 24 val, 24 test where 50, 25, 25 are asked: off by 0.02, 0.01, 0.01.
    frame = pd.concat([sound("split").iloc[[0]]] * 200, ignore_index=True)
    numbers = [str(number) for number in range(200)]
    frame = frame.assign(
        sha256=[sound_tables.sha(n) for n in numbers], record_id=numbers, group=numbers,
        label=["eczema"] * 100 + ["nevus"] * 100, class_id=[0] * 100 + [1] * 100,
        split=(["train"] * 52 + ["val"] * 24 + ["test"] * 24) * 2,
    )  # fmt: skip
    assert [r.column for r in hold("split", frame) if not r.success] == []


def test_a_source_held_out_as_test_is_asked_no_share_and_not_every_class():
    # Test holds nevus alone, and half of all photos; of the others, 2 of 3 are train, as asked.
    frame = sound("split").assign(split=["train", "train", "val", "train", "train", "val", "test", "test"])
    frame = pd.concat([frame, frame.iloc[6:].assign(sha256=[sound_tables.sha("x"), sound_tables.sha("y")])])
    frame = frame.assign(record_id=[f"clinic:{n}" for n in range(10)], group=[f"g{n}" for n in range(10)])
    results = hold("split", frame.reset_index(drop=True), shares={"train": 2 / 3, "val": 1 / 3})
    assert broken(results) == set()
    # eczema has 3 train and 1 val: off by 1/12; nevus 1 and 1: off by 1/6.
    assert [(r.column, r.unexpected) for r in results if not r.success] == [("class_share_deviation", 6)]


def test_thresholds_come_from_params():
    # Shares asked 1/2, 1/4, 1/4 and got 5/8, 1/8, 1/4: off by 1/8.
    frame = sound("split").assign(split=LOPSIDED)
    for allowed, expected in ((0.13, False), (0.12, True)):
        settings = SETTINGS.model_copy(update={"max_split_deviation": allowed})
        assert ((RANGE, "share_deviation") in broken(hold("split", frame, settings))) is expected


def test_the_report_is_the_same_each_time_and_json():
    frame = with_cell(sound("predictions"), 0, "probabilities", np.float32([np.inf, np.nan]))
    texts = {json.dumps(gate.summary("predictions", 16, hold("predictions", frame)), allow_nan=False) for _ in range(2)}
    assert len(texts) == 1


def set_of(table, column):
    suite = gate.read_suite(SUITES / f"{table}.json")
    values = [entry["kwargs"] for entry in suite["expectations"] if entry["type"] == f"expect_{SET}"]
    return next(set(kwargs["value_set"]) for kwargs in values if kwargs["column"] == column)


@pytest.mark.parametrize(
    ("table", "column", "expected"),
    [
        ("ingested", "reason", {"", *IngestReason}),
        ("ingested", "format", set(EXTENSIONS.values())),
        ("curated", "reason", {"", *CurateReason}),
        ("manifest", "sex", set(SEXES)),
    ],
)
def test_closed_lists_of_the_suites_are_those_of_the_code(table, column, expected):
    assert set_of(table, column) == set(map(str, expected))


@pytest.mark.parametrize("name", checks.GATED)
def test_every_column_that_must_have_a_value_is_held_to_it(name):
    suite = gate.read_suite(SUITES / f"{name}.json")
    held = {
        e["kwargs"]["column"]
        for e in suite["expectations"]
        if e["type"] == f"expect_{NULL}" and e["severity"] == "critical"
    }
    required = {column for column, kind in checks.GATED[name].columns.items() if not kind.optional}
    assert required - held <= {"label_raw", "attribution"}


def suite_file(folder, content):
    path = folder / "manifest.json"
    path.write_text(content)
    return path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "not a suite"),
        ('{"name": "x"}', "not a suite"),
        ('{"name": "x", "expectations": [{"type": "expect_x", "kwargs": {}}]}', "expectation 1"),
        ('{"name": "x", "expectations": [{"type": "expect_x", "kwargs": {}, "severity": "grave"}]}', "expectation 1"),
    ],
)
def test_a_damaged_suite_is_refused_by_name(tmp_path, content, said):
    path = suite_file(tmp_path, content)
    with pytest.raises(LesionflowError, match=said) as raised:
        gate.read_suite(path)
    assert str(path) in str(raised.value)


def test_an_unknown_table_is_answered_with_the_known_ones():
    with pytest.raises(
        LesionflowError, match="one of accepted, curated, drift, ingested, manifest, predictions, split"
    ):
        gate.read_suite(SUITES / "fingerprints.json")


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "expect_column_values_to_be_lovely", "kwargs": {"column": "age"}},
        {"type": f"expect_{RANGE}", "kwargs": {"column": "age", "minimum": 1}},
        {"type": f"expect_{RANGE}", "kwargs": {"column": "age", "min_value": {"$PARAMETER": "absent"}}},
        {"type": f"expect_{SET}", "kwargs": {"column": "age", "value_set": 3}},
    ],
)
def test_a_rule_that_great_expectations_does_not_know_never_passes(entry):
    suite = {"name": "mine", "expectations": [{**entry, "severity": "critical"}]}
    with pytest.raises(LesionflowError, match="expectation suite 'mine'"):
        expectations.validate(sound("manifest"), suite, parameters={}, key=["record_id"])


def test_tables_of_the_tests_can_be_written_and_read(tmp_path):
    for name, table in checks.GATED.items():
        frame = sound(name)
        tables.write(frame, tmp_path / "table.parquet", table)
        assert broken(hold(name, tables.read(tmp_path / "table.parquet", table))) == set()
