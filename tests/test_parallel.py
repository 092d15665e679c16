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
