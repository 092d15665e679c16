import pytest

from lesionflow.errors import LesionflowError, argument, command


def test_message_says_what_was_got_expected_and_to_do():
    error = LesionflowError("a.csv: row 3", got="'x'", expected="a number", remedy="Correct the cell.")
    assert str(error) == "a.csv: row 3\n  got:      'x'\n  expected: a number\n  to do:    Correct the cell."


def test_command_turns_a_users_error_into_one_message_and_exit_code_one(capsys):
    @command
    def main():
        raise LesionflowError("no data", remedy="Run `dvc pull`.")

    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert capsys.readouterr().err == "error: no data\n  to do:    Run `dvc pull`.\n"


def test_command_leaves_our_own_defects_their_traceback():
    @command
    def main():
        raise KeyError("defect")

    with pytest.raises(KeyError):
        main()


def test_a_missing_argument_is_named(monkeypatch):
    monkeypatch.setattr("sys.argv", ["stages/train.py"])
    with pytest.raises(LesionflowError, match=r"expected: python stages/train.py <model>"):
        argument("model")
