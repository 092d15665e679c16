import pytest
import yaml

from lesionflow import files


def fail_half_way(path):
    with files.atomic(path) as partial:
        partial.write_text("half")
        raise RuntimeError


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text("old", path)
    with pytest.raises(RuntimeError):
        fail_half_way(path)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    folder = tmp_path / "out"
    for name in ("first", "second"):
        with files.atomic(folder) as partial:
            partial.mkdir()
            (partial / name).write_text("x")
    assert [file.name for file in folder.iterdir()] == ["second"]


def test_json_keeps_order_and_refuses_what_is_not_json(tmp_path):
    files.write_json({"b": 1, "a": "é"}, tmp_path / "x.json")
    assert (tmp_path / "x.json").read_bytes() == '{\n  "b": 1,\n  "a": "é"\n}\n'.encode()
    assert files.read_json(tmp_path / "x.json") == {"b": 1, "a": "é"}
    with pytest.raises(ValueError, match="Out of range"):
        files.write_json(float("nan"), tmp_path / "y.json")
    assert not (tmp_path / "y.json").exists()


def test_yaml_is_read_without_objects():
    assert files.parse_yaml("a: [1, 2.5, x]\nb: 2026-11-28") == yaml.safe_load("a: [1, 2.5, x]\nb: 2026-11-28")
    with pytest.raises(yaml.YAMLError, match="python/object"):
        files.parse_yaml("!!python/object/apply:os.getcwd []")
