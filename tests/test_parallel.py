import time

import pytest

from lesionflow import parallel
from lesionflow.errors import LesionflowError


def slow_first(number):
    time.sleep(0.2 if number == 0 else 0)
    return number * 2


def failing(number):
    if number == 1:
        raise LesionflowError(f"item {number}")
    return number


def test_results_come_in_the_order_of_the_items(monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "2")
    assert list(parallel.map_ordered(slow_first, [0, 1, 2], desc="x")) == [0, 2, 4]


def test_an_error_in_a_worker_reaches_the_caller(monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "2")
    with pytest.raises(LesionflowError, match="item 1"):
        list(parallel.map_ordered(failing, [0, 1, 2], desc="x"))


def test_no_items_give_no_results():
    assert list(parallel.map_ordered(failing, [], desc="x")) == []


def test_workers_are_a_whole_number(monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "many")
    with pytest.raises(LesionflowError, match="a whole number from 1"):
        parallel.workers()


def test_progress_is_quiet_in_ci(monkeypatch, capsys):
    monkeypatch.setenv("CI", "true")
    assert list(parallel.progress([1, 2], desc="x", unit="y")) == [1, 2]
    assert capsys.readouterr().err == ""


def test_backends_that_give_all_results_at_once_are_fed_slice_by_slice(monkeypatch):
    monkeypatch.setattr(parallel, "AS_THEY_COME", ())
    monkeypatch.setattr(parallel, "SLICE", 2)
    monkeypatch.setenv("LESIONFLOW_WORKERS", "2")
    taken = []
    items = (taken.append(number) or number for number in range(20))
    results = parallel.map_ordered(slow_first, items, desc="x", total=20, waits=True)
    assert next(results) == 0
    assert len(taken) == 4  # two workers, two items each
    assert list(results) == [2 * number for number in range(1, 20)]


def test_an_unknown_backend_is_refused(monkeypatch):
    monkeypatch.setenv("LESIONFLOW_BACKEND", "rya")
    with pytest.raises(LesionflowError, match=r"one of .*loky.*ray"):
        list(parallel.map_ordered(failing, [0], desc="x"))


def test_a_backend_whose_package_is_missing_says_so(monkeypatch):
    monkeypatch.setenv("LESIONFLOW_BACKEND", "spark")
    with pytest.raises(LesionflowError, match="pip install joblibspark"):
        list(parallel.map_ordered(failing, [0], desc="x"))


def test_ray_gives_the_same_as_local_processes(monkeypatch):
    monkeypatch.setenv("LESIONFLOW_WORKERS", "2")
    monkeypatch.setenv("LESIONFLOW_BACKEND", "ray")
    # Twenty items are more than one slice of two workers.
    assert list(parallel.map_ordered(abs, range(-20, 0), desc="x", total=20)) == list(range(20, 0, -1))
