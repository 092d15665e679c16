import pytest

from lesionflow.curate import decisions
from lesionflow.curate.decisions import Decisions
from lesionflow.errors import LesionflowError
from lesionflow.ingest import csvrows

A, B, C, D = (letter * 64 for letter in "abcd")
LABELS = {"melanoma", "nevus"}
HEADER = "decision,sha256,other,label,note"


@pytest.fixture
def told(tmp_path):
    """Reads rows under the full header, or a text as it is."""

    def read(*rows, content=None):
        path = tmp_path / "decisions.csv"
        path.write_bytes(content if content is not None else "\n".join([HEADER, *rows]).encode())
        return decisions.load(path, csvrows.read, LABELS)

    return read


@pytest.fixture
def refused(told, tmp_path):
    """The message of a file's refusal, without its folder."""

    def message(*rows, content=None):
        with pytest.raises(LesionflowError) as caught:
            told(*rows, content=content)
        return str(caught.value).replace(f"{tmp_path}/", "")

    return message


def test_without_a_file_nothing_is_decided(tmp_path):
    assert decisions.load(tmp_path / "decisions.csv", csvrows.read, LABELS) == Decisions()


def test_each_word_is_understood(told):
    found = told(
        f"not_duplicate,{B},{A},,two moles", f"keep_both,{C},{A},,", f"keep_one,{D},{C.replace('c', 'e')},,",
        f"relabel,{A},,melanoma,", f"drop,{B},,,", f"confirm,{C},,,",
    )  # fmt: skip
    assert found == Decisions(
        not_duplicate=frozenset({(A, B)}),
        keep_both=frozenset({(A, C)}),
        keep_one=frozenset({(D, "e" * 64)}),
        labels={A: "melanoma"},
        dropped=frozenset({B}),
        confirmed=frozenset({C}),
    )
    assert found.photos() == {A, B, C, D, "e" * 64}
    assert found.reviewed() == {A, B, C}


def test_columns_that_are_not_needed_may_be_left_out_and_a_byte_order_mark_is_no_matter(told):
    assert told(content=f"\ufeffsha256,decision\r\n{A},drop\r\n".encode()).dropped == {A}


def test_a_header_alone_decides_nothing(told):
    assert told() == Decisions()


def test_the_same_row_twice_is_fine(told):
    rows = [f"not_duplicate,{A},{B},,", f"not_duplicate,{B},{A},,again", f"relabel,{C},,nevus,", f"relabel,{C},,nevus,"]
    found = told(*rows)
    assert (found.not_duplicate, found.labels) == ({(A, B)}, {C: "nevus"})


@pytest.mark.parametrize(
    "header",
    ["sha256,other", "decision,other", "decision,sha256,labels", "decision,sha256,sha256"],
)
def test_another_header_is_refused(refused, header):
    assert refused(content=f"{header}\n".encode()) == (
        f"decisions.csv: header\n  got:      {', '.join(header.split(','))}\n"
        "  expected: decision and sha256, and of other, label, note those that are needed, each once\n"
        "  to do:    Mend the header."
    )


HASH = "the sha256 of a photo, 64 hexadecimal digits, as in reports/conflicts.csv"


@pytest.mark.parametrize(
    ("row", "what", "got", "expected"),
    [
        (f"keep,{A},,,", "decision", "'keep'", "one of not_duplicate, keep_both, keep_one, relabel, drop, confirm"),
        (f"DROP,{A},,,", "decision", "'DROP'", "one of not_duplicate, keep_both, keep_one, relabel, drop, confirm"),
        ("drop,,,,", "sha256", "''", HASH),
        (f"drop,{A[1:]},,,", "sha256", f"'{A[1:]}'", HASH),
        (f"drop,{A.upper()},,,", "sha256", f"'{A.upper()}'", HASH),
        (f"drop,{'１' * 64},,,", "sha256", f"'{'１' * 64}'", HASH),
        (f"keep_one,{A},,,", "other", "''", HASH),
        (f"keep_both,{A},../b.jpg,,", "other", "'../b.jpg'", HASH),
        (f"keep_one,{A},{A},,", "sha256 and other", A, "two photos"),
        (f"drop,{A},{B},,", "other", f"'{B}'", "nothing: drop is said of one photo"),
        (f"relabel,{A},,,", "label", "''", "a class of data/taxonomy.yaml: melanoma, nevus"),
        (f"relabel,{A},,MEL,", "label", "'MEL'", "a class of data/taxonomy.yaml: melanoma, nevus"),
        (f"confirm,{A},,nevus,", "label", "'nevus'", "nothing: only relabel gives a label, not confirm"),
    ],
)
def test_a_bad_row_is_named_with_what_it_should_be(refused, row, what, got, expected):
    # Row 1 is the header, row 2 sound.
    assert refused(f"drop,{D},,,", row) == (
        f"decisions.csv: row 3: {what}\n  got:      {got}\n  expected: {expected}\n  to do:    Mend the row."
    )


def test_a_row_of_another_width_is_refused_by_the_reader(refused):
    assert refused(f"drop,{A}").startswith("decisions.csv: row 2\n  got:      2 cells\n  expected: 5, as in the header")


CONTRADICTIONS = [
    (f"not_duplicate,{A},{B},,", f"keep_both,{B},{A},,", f"{A} and {B} both count", f"{A} and {B} are different"),
    (f"not_duplicate,{A},{B},,", f"keep_one,{B},{A},,", f"{B} stands for {A}", f"{A} and {B} are different"),
    (f"keep_one,{A},{B},,", f"keep_one,{B},{A},,", f"{B} stands for {A}", f"{A} stands for {B}"),
    (f"keep_one,{A},{B},,", f"keep_both,{B},{C},,", f"{B} counts beside its copies", f"another stands for {B}"),
    (f"keep_both,{B},{C},,", f"keep_one,{A},{C},,", f"another stands for {C}", f"{C} counts beside its copies"),
    (f"relabel,{A},,nevus,", f"relabel,{A},,melanoma,", f"{A} is melanoma", f"{A} is nevus"),
    (f"confirm,{A},,,", f"relabel,{A},,melanoma,", f"{A} is melanoma", f"{A} is right as it is"),
    (f"drop,{A},,,", f"confirm,{A},,,", f"{A} is used", f"{A} is not used"),
    (f"drop,{A},,,", f"relabel,{A},,nevus,", f"{A} is used", f"{A} is not used"),
    (f"drop,{A},,,", f"keep_one,{A},{B},,", f"{A} is used", f"{A} is not used"),
    (f"keep_both,{B},{A},,", f"drop,{A},,,", f"{A} is not used", f"{A} is used"),
]


@pytest.mark.parametrize(("first", "second", "got", "expected"), CONTRADICTIONS)
def test_contradicting_rows_are_both_named(refused, first, second, got, expected):
    assert refused(first, second) == (
        f"decisions.csv: row 3: contradicts an earlier row\n  got:      {got}\n"
        f"  expected: as row 2 says: {expected}\n  to do:    Mend the row."
    )


def test_photos_that_stand_for_each_other_in_a_circle_are_refused(refused):
    assert refused(f"keep_one,{A},{B},,", f"keep_one,{B},{C},,", f"keep_one,{C},{A},,") == (
        f"decisions.csv: row 4: closes a circle\n  got:      {C} stands for {A}\n"
        f"  expected: no earlier rows by which {A} stands for {C}\n  to do:    Mend the row."
    )


def test_what_may_be_said_of_one_photo_together(told):
    # B gives way to A, and all the same its label was looked at, or it was dropped.
    told(f"keep_one,{A},{B},,", f"relabel,{A},,nevus,", f"relabel,{B},,nevus,")
    told(f"keep_one,{A},{B},,", f"drop,{B},,,")
    told(f"not_duplicate,{A},{B},,", f"drop,{B},,,")
    # A chain: B stands for C and A for B. Two photos stand for one.
    told(f"keep_one,{A},{B},,", f"keep_one,{B},{C},,", f"keep_one,{D},{C},,")


def test_a_photo_is_replaced_only_where_both_are_there():
    found = Decisions(keep_one=frozenset({(A, B), (B, C), (D, B)}))
    # Of the two that stand for B, the later name is told; which is told matters nothing.
    assert found.replaced({A, B, C, D}) == {B: D, C: B}
    assert found.replaced({B, C}) == {C: B}
    assert found.replaced({A, C}) == {}
