import pytest

from lesionflow.errors import LesionflowError
from lesionflow.report.cards import Catalogue, Origin
from tests.report.curated_tables import curated, dropped, ingested, photo


def catalogue(*rows, **changes):
    table = curated(*rows)
    return Catalogue(table, ingested(table, **changes))


def test_the_kept_row_names_the_photo_and_all_rows_give_labels_and_origins():
    same = {"sha256": photo(7)}
    made = catalogue(
        same | dropped("exact_duplicate") | {"source": "web"}, same | {"label": "melanoma"}, {"label": "other"}
    ).photo(photo(7))
    assert (made.record_id, made.kept, made.verdict, made.others) == ("m:001", True, "kept", 1)
    assert made.labels == ["melanoma", "nevus"]
    assert made.origins == [Origin("atlas", "CC-BY-4.0", "A. Nobody"), Origin("web", "CC-BY-4.0", "A. Nobody")]


def test_a_dropped_photo_says_why():
    made = catalogue(dropped("near_duplicate")).photo(photo(0))
    assert (made.kept, made.verdict, made.others) == (False, "near duplicate", 0)


def test_what_was_kept_instead_is_named_when_it_is_neither():
    gone = dropped("near_duplicate", kept_record_id="m:000")
    found = catalogue({"kept_record_id": "m:000"}, gone, gone)
    assert found.kept_instead([photo(1), photo(2)]) == "m:000"
    assert found.kept_instead([photo(0), photo(1)]) == ""


def test_failure_is_told_in_words():
    rows = catalogue({}, reason="not_found", detail="status 404").rows
    assert list(rows["failure"]) == ["not found: status 404"]
    assert list(catalogue({}).rows["failure"]) == [""]


def test_a_photo_of_another_run_is_refused():
    with pytest.raises(LesionflowError, match=f"curated.parquet: photo {photo(3)}\n  got:      no row"):
        catalogue({}).photo(photo(3))
