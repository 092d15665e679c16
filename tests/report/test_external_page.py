from lesionflow.curate import outsiders
from lesionflow.evaluate import external
from lesionflow.report import external_page


def figure(value, half=0.05):
    if value is None:
        return {"value": None, "low": None, "high": None}
    return {"value": value, "low": round(value - half, 6), "high": round(value + half, 6)}


def both(accuracy, mcc):
    return {"balanced_accuracy": figure(accuracy), "mcc": figure(mcc)}


def model(name="lite0-study", drop=(-0.12, None)):
    sets = {"coverage": 0.9, "marginal": {"coverage": figure(0.8), "mean_size": 2.44, "single": 0.2, "empty": 0.0}}
    return {
        "model": name,
        "external": {"photos": 1100, "groups": 833, "classes": 6} | both(0.41, 0.27),
        "internal": {"photos": 380, "groups": 370, "classes": 6} | both(0.53, 0.45),
        "drop": both(*drop),
        "recovered": {name: both(0.43, 0.3) | {"gain": both(0.02, 0.03)} for name in external_page.METHODS},
        "trust": {
            "raw": {"ece": figure(0.3)}, "calibrated": {"ece": figure(0.2)}, "sets": sets,
            "abstention": {"coverage": figure(None), "risk": figure(None)},
        },
    }  # fmt: skip


def found(**changes):
    counts = {
        "rows": 1109, "used": 1100, "not_ingested": 0, "copy": 5, "conflicting_labels": 2, "outside_taxonomy": 1,
        "outside_model": 0, "repeated": 1,
    }  # fmt: skip
    return {
        "models": [model()], "confidence": 0.95, "counts": counts, "copies_of": {"test": 1, "train": 4},
        "photos": {"BCC": 353, "MEL": 48}, "absent_classes": [],
        "outliers": {"lite0": {"test": {"unusual": figure(0.06)}, "external": {"unusual": figure(0.5)}}},
    } | changes  # fmt: skip


def rows(page):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]


def test_the_drop_stands_beside_both_figures_and_what_is_undefined_says_so():
    page = external_page.to_markdown("pad", found())
    assert page.startswith("# On photos from elsewhere: pad\n")
    assert rows(page)[2] == [
        "lite0-study", "41.0 % [36.0, 46.0]", "53.0 % [48.0, 58.0]", "-12.0 [-17.0, -7.0]",
        "0.270 [0.220, 0.320]", "0.450 [0.400, 0.500]", "n/a",
    ]  # fmt: skip
    assert "1,100 photos of 833 leakage groups and 6 classes, with 95 % intervals." in page


def test_every_method_and_the_trust_at_own_thresholds_are_told():
    table = rows(external_page.to_markdown("pad", found()))
    gains = [
        row for row in table if len(row) == 6 and row[0] == "lite0-study" and row[1] in external_page.METHODS.values()
    ]
    assert [row[1] for row in gains] == ["features matched", "class shares corrected", "both"]
    assert gains[0][3] == "+2.0 [-3.0, +7.0]"
    trust = next(row for row in table if "asked" in row[2])
    assert trust[1:] == ["20.0 % [15.0, 25.0]", "80.0 % [75.0, 85.0] (asked 90.0 %)", "2.4", "n/a", "n/a"]
    assert ["lite0", "6.0 % [1.0, 11.0]", "50.0 % [45.0, 55.0]"] in table


def test_what_was_left_out_is_counted_and_what_was_not_is_not():
    page = external_page.to_markdown("pad", found())
    assert "1,100 of 1,109 rows of the manifest count. Of the copies, 1 of test, 4 of train." in page
    left_out = [row for row in rows(page) if row[0] in external_page.REASONS.values()]
    assert [row[1] for row in left_out] == ["5", "2", "1", "1"]
    whole = found()["counts"] | dict.fromkeys(external_page.REASONS, 0) | {"used": 1109}
    assert "Left out" not in external_page.to_markdown("pad", found(counts=whole, copies_of={}))


def test_classes_without_a_photo_are_named_and_labels_stay_text():
    page = external_page.to_markdown("a|b", found(absent_classes=["psoriasis"], photos={"<b>|x": 3}))
    assert "Classes without a photo here, whose probability is never right: psoriasis." in page
    assert "&lt;b&gt;\\|x" in page


def test_words_stand_for_every_method_and_reason_there_is():
    assert tuple(external_page.METHODS) == external.METHODS
    assert list(external_page.REASONS) == list(map(str, outsiders.Reason))
