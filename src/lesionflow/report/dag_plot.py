"""The pipeline's graph as a chart: data above, what people read below."""

from collections.abc import Sequence

import networkx as nx
from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout
from matplotlib.patches import FancyBboxPatch

from lesionflow.report import drawing
from lesionflow.report.dag import DATA, Stage
from lesionflow.report.drawing import ACCENT, INK, LINE, SECOND, Chart

ROOM = 0.34
"""Inches from one row of stages to the next, of which a box takes half."""
SIGN, PADDING = 0.062, 0.16
"""Inches that a letter takes in a box, and its margins left and right together."""
Places = dict[str, tuple[float, float]]


def draw(graph: "nx.DiGraph[str]", stages: Sequence[Stage]) -> Chart:
    """Boxes and lines; a line that others imply is left out (the transitive reduction)."""
    names = {DATA: DATA, **{stage.name: _name(stage) for stage in stages}}
    shown = nx.transitive_reduction(graph)
    places = layout(shown, {node: PADDING + SIGN * len(name) for node, name in names.items()})
    width, height = (max(place[axis] for place in places.values()) for axis in (0, 1))
    with drawing.canvas(width + 1.6, height + 0.6) as (figure, axes):
        for start, end in sorted(shown.edges):
            (x, y), (to_x, to_y) = places[start], places[end]
            axes.plot([x, to_x], [-y - ROOM / 4, -to_y + ROOM / 4], color=LINE, linewidth=0.8, zorder=1)
        for node, (x, y) in places.items():
            half = (PADDING + SIGN * len(names[node])) / 2
            edge = SECOND if node == DATA else ACCENT
            box = FancyBboxPatch(
                (x - half, -y - ROOM / 4), 2 * half, ROOM / 2, boxstyle="round,pad=0,rounding_size=0.06",
                facecolor="none", edgecolor=edge, linewidth=0.9, zorder=2,
            )  # fmt: skip
            axes.add_patch(box)
            axes.text(x, -y, names[node], ha="center", va="center", color=INK, fontsize=7, zorder=3)
        axes.set(xlim=(-0.8, width + 0.8), ylim=(-height - 0.3, 0.3), aspect="equal")
        axes.axis("off")
        alt = f"The pipeline from data to report: {len(stages)} stages; the table below has what each reads and writes."
        return drawing.chart(figure, "dag", alt)


def layout(graph: "nx.DiGraph[str]", widths: dict[str, float]) -> Places:
    """Centres of the nodes in inches, from the left and from above, by Sugiyama's method (layers, few crossings)."""
    vertices = {node: _Vertex(number, node) for number, node in enumerate(sorted(graph.nodes))}
    edges = [_Edge(number, vertices[start], vertices[end]) for number, (start, end) in enumerate(sorted(graph.edges))]
    places: Places = {}
    right = 0.0
    for part in Graph(list(vertices.values()), edges).C:
        for vertex in part.V():
            vertex.view = _View(widths[vertex.data])
        found = SugiyamaLayout(part)
        found.xspace, found.yspace = 0.18, ROOM / 2
        found.init_all()
        found.draw(12)
        left = min(vertex.view.xy[0] for vertex in part.V())
        top = min(vertex.view.xy[1] for vertex in part.V())
        here = {vertex.data: (vertex.view.xy[0] - left + right, vertex.view.xy[1] - top) for vertex in part.V()}
        places |= here
        right = max(x for x, _ in here.values()) + 1.5
    return places


class _Vertex(Vertex):  # type: ignore[misc]
    """A vertex whose hash is its number: grandalf keeps sets, whose order would else be that of addresses in memory."""

    def __init__(self, number: int, data: str) -> None:
        super().__init__(data)
        self.number = number

    def __hash__(self) -> int:
        return self.number


class _Edge(Edge):  # type: ignore[misc]
    """The same of an edge."""

    def __init__(self, number: int, start: Vertex, end: Vertex) -> None:
        super().__init__(start, end)
        self.number = number

    def __hash__(self) -> int:
        return self.number


class _View:
    """The size of a node, as the layout asks for it."""

    def __init__(self, width: float) -> None:
        self.w, self.h, self.xy = width, ROOM / 2, (0.0, 0.0)


def _name(stage: Stage) -> str:
    return stage.name if stage.cells == 1 else f"{stage.name} × {stage.cells}"
