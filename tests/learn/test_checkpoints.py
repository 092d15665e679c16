import pickle

import pytest
import torch

from lesionflow.errors import LesionflowError
from lesionflow.learn.checkpoints import Keeper

STATE = {"weights": {"a": torch.arange(3.0)}, "history": [{"epoch": 1, "val_loss": 0.5}], "best_loss": float("inf")}


def test_a_state_comes_back_as_it_was(tmp_path):
    keeper = Keeper(tmp_path / "deep/state.pt", "key")
    keeper.save(STATE)
    found = keeper.load()
    assert torch.equal(found["weights"]["a"], STATE["weights"]["a"])
    assert (found["history"], found["best_loss"]) == (STATE["history"], STATE["best_loss"])
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["state.pt"]


def test_nothing_is_taken_up_where_nothing_was_kept(tmp_path):
    assert Keeper(tmp_path / "state.pt", "key").load() is None


def test_the_state_of_another_training_is_not_taken_up(tmp_path):
    Keeper(tmp_path / "state.pt", "key").save(STATE)
    assert Keeper(tmp_path / "state.pt", "other").load() is None


def test_a_cleared_state_is_gone_and_clearing_twice_is_no_error(tmp_path):
    keeper = Keeper(tmp_path / "state.pt", "key")
    keeper.save(STATE)
    keeper.clear()
    keeper.clear()
    assert keeper.load() is None


class Harmful:
    def __reduce__(self):
        return (print, ("run",))


def harmful() -> bytes:
    return pickle.dumps({"key": "key", "state": Harmful()})


@pytest.mark.parametrize("content", [b"", b"no checkpoint", harmful()], ids=["empty", "text", "code"])
def test_damage_and_code_are_refused_and_not_run(tmp_path, capsys, content):
    path = tmp_path / "state.pt"
    path.write_bytes(content)
    with pytest.raises(LesionflowError) as raised:
        Keeper(path, "key").load()
    lines = str(raised.value).splitlines()
    assert lines[0] == f"{path}: not a readable checkpoint"
    assert lines[-1] == "  to do:    Remove the file; the training starts anew."
    assert capsys.readouterr().out == ""


def test_a_file_cut_short_is_refused(tmp_path):
    keeper = Keeper(tmp_path / "state.pt", "key")
    keeper.save(STATE)
    keeper.path.write_bytes(keeper.path.read_bytes()[:-200])
    with pytest.raises(LesionflowError, match="not a readable checkpoint"):
        keeper.load()


def test_a_failing_save_leaves_the_state_before(tmp_path, monkeypatch):
    keeper = Keeper(tmp_path / "state.pt", "key")
    keeper.save(STATE)

    def broken(content, path):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", broken)
    with pytest.raises(OSError, match="disk full"):
        keeper.save({"history": []})
    assert keeper.load()["history"] == STATE["history"]
