import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest
import yaml

from lesionflow.errors import LesionflowError
from lesionflow.report import dag, dag_plot

ROOT = Path(__file__).parents[2]
PIPELINE = """
stages:
  collect:
    desc: Gather  the
      manifests
    deps: [stages/collect.py, src/a.py, data/manifests]
    outs: [outputs/manifest.parquet]
  validate:
    foreach:
      manifest: {table: outputs/manifest.parquet}
      split: {table: outputs/split.parquet}
    do:
      deps: ["${item.table}", "expectations/${key}.json"]
      metrics:
        - reports/validation/${key}.json: {cache: false}
  split:
    deps: [outputs/manifest.parquet, reports/validation/manifest.json]
    outs: [outputs/split.parquet]
  train:
    matrix: {model: "${active}", recipe: [a, b, c]}
    desc: Train ${item.model}
    deps: [outputs/split.parquet, reports/validation/split.json]
    outs: ["outputs/heads/${item.model}-${item.recipe}"]
  gather:
    matrix: {source: "${external}"}
    deps: ["${item.source.manifest}"]
    outs: [outputs/external]
  compare:
    deps: [outputs/heads]
    outs: [reports/comparison.csv]
"""


@pytest.fixture
def stages():
    return dag.stages(PIPELINE, {"active": ["m", "n"], "external": []})


def test_stages_have_their_cells_and_no_code(stages):
    assert [(stage.name, stage.cells) for stage in stages] == [
        ("collect", 1), ("validate@manifest", 1), ("validate@split", 1), ("split", 1), ("train", 6), ("compare", 1),
    ]  # fmt: skip
    assert stages[0].desc == "Gather the manifests"
    assert stages[0].reads == ("data/manifests",)
    assert stages[2].reads == ("outputs/split.parquet", "expectations/split.json")
    assert stages[4].writes == ("outputs/heads/*-*",)


def test_an_edge_stands_where_a_file_or_its_folder_is_handed_on(stages):
    assert set(dag.graph(stages).edges) == {
        ("data", "collect"), ("collect", "validate@manifest"), ("collect", "split"), ("validate@manifest", "split"),
        ("split", "validate@split"), ("split", "train"), ("validate@split", "train"), ("train", "compare"),
    }  # fmt: skip


def test_a_matrix_over_a_list_that_is_not_empty_is_drawn_with_how_many(stages):
    some = dag.stages(PIPELINE, {"active": ["m"], "external": [{"name": "clinic"}]})
    assert "gather" in {stage.name for stage in some}
    # The manifest is the user's: no stage makes it, so nothing leads there.
    assert dag.graph(some).in_degree("gather") == 0


@pytest.mark.parametrize("text", ["", "stages: 3", "stages: {a: {cmd: x}}", "{"])
def test_what_is_no_pipeline_is_refused(text):
    with pytest.raises(LesionflowError, match=r"dvc\.yaml: no pipeline"):
        dag.stages(text, {})


def test_the_project_s_own_pipeline_flows_one_way_from_data_to_report():
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    graph = dag.graph(dag.stages((ROOT / "dvc.yaml").read_text(), params))
    assert nx.is_directed_acyclic_graph(graph)
    assert nx.has_path(graph, "data", "report")
    assert [node for node in graph if not graph.in_degree(node)] == ["data"]


def test_drawing_shows_every_stage_once_and_is_the_same_each_time(stages):
    chart = dag_plot.draw(dag.graph(stages), stages)
    assert chart == dag_plot.draw(dag.graph(stages), stages)
    svg = ET.fromstring(chart.svg)
    shown = sorted("".join(element.itertext()) for element in svg.iter() if element.tag.endswith("text"))
    assert shown == sorted(["data", "collect", "validate@manifest", "validate@split", "split", "train × 6", "compare"])
    # 8 edges, less those that others imply: collect-split, split-train.
    assert len(nx.transitive_reduction(dag.graph(stages)).edges) == 6


def test_stages_are_laid_out_from_above_to_below_without_overlap(stages):
    graph = nx.transitive_reduction(dag.graph(stages))
    widths = dict.fromkeys(graph, 1.0)
    places = dag_plot.layout(graph, widths)
    assert all(places[start][1] < places[end][1] for start, end in graph.edges)
    rows = {}
    for x, y in places.values():
        rows.setdefault(round(y, 6), []).append(x)
    for row in rows.values():
        row.sort()
        assert all(right - left >= 1.0 for left, right in pairwise(row))


def test_the_layout_does_not_follow_addresses_in_memory():
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    graph = nx.transitive_reduction(dag.graph(dag.stages((ROOT / "dvc.yaml").read_text(), params)))
    widths, kept, found = dict.fromkeys(graph.nodes, 1.0), [], set()
    for number in range(12):
        # By default an object's hash is its address, and sets are in the order of hashes.
        kept = [object() for _ in range(997 * number % 5000)] + kept[::2]
        found.add(tuple(dag_plot.layout(graph, widths).items()))
    assert len(found) == 1
