from benchmarks.rendering import explained
from tests.benchmarks.rendering.shown import figure


def audited(corruption, severity, raised, accuracy=0.2):
    told = {"corruption": corruption, "severity": severity, "majority": 0.3, "accuracy": figure(accuracy)}
    return told | {"raised": {"class": "NV", **figure(raised)}, "carried": figure(-0.1)}


EXPLAINED = {
    "drawn": {"1": {}, "2": {}, "3": {}},
    "caught": 3,
    "flagged": 1,
    "of_each_class": 60,
    "seconds_over_forward_backward": 0.512,
    "milk10k": {
        "photos": 100,
        "test_photos": 15,
        "recognised": {"lite0": {"pen": figure(0.4)}},
        "models": {
            "lite0-study": {
                "fails": ["shortcut: pen marking", "robust: blur"],
                "audit": [audited("border_only", 0, 0.1), audited("pen", 1, 0.4), audited("ruler", 1, 0.2),
                          audited("ruler", 5, 0.9), audited("blur", 1, 0.8)],
                "carrying": {key: {"photos": 5, "free": 8, "difference": figure(0.1)} for key in explained.CARRIED},
            }
        },
    },
    "command": "make benchmark-explain",
    "versions": {"torch": "2.14.1"},
}  # fmt: skip


def test_the_audit_is_told_by_what_raises_a_class_most_at_the_lowest_severity():
    told = explained.explain(EXPLAINED)
    assert "is caught 3 times of 3; one that had no watermark to learn is flagged 1 times of 3." in told
    assert "costs at most 0.51 times" in told
    row = next(line for line in told.splitlines() if line.startswith("| `lite0-study` | pen marking"))
    # Neither the ruler at severity 5 nor blur, which adds nothing to a photo.
    assert "than of those free of it: `lite0` pen ink +40.0 [+35.0, +45.0]." in told
    assert "| pen marking, NV " in row
    assert "+40.0 [+35.0, +45.0] | " in row
    assert "-10.0 [-15.0, -5.0] | " in row
    assert "20.0 % [15.0, 25.0] (30.0 %)" in row
    assert "hair 5 (free: 8), pen ink 5 (free: 8), gel 5 (free: 8), of 15" in told
