"""Figures drawn with matplotlib as SVG whose colours are those of the page, light or dark."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from affetto.evaluation.report import Figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Curve",
    "Map",
    "confusion_chart",
    "coverage_chart",
    "importance_chart",
    "learning_chart",
    "map_chart",
    "project",
    "reliability_chart",
    "uar_chart",
]

Floats = npt.NDArray[np.floating]

# Written into the drawing and replaced by variables of the page.
_INK, _FAINT, _ACCENT, _SECOND, _PAPER = "#010203", "#010204", "#010205", "#010206", "#010207"
_VARIABLES = {_INK: "--ink", _FAINT: "--faint", _ACCENT: "--accent", _SECOND: "--second", _PAPER: "--on-accent"}
LABEL_COLOURS = ("#8d8d8d", "#17a2b8", "#e0a100", "#3b6fd4", "#d63a3a", "#9b4fd0", "#3d9a4a", "#e0762a", "#a0704a")
"""Of the labels of a map, in their order; each has a sign of its own too."""
_SIGNS = "osD^vP*Xhp<>"
_MOST_DOTS = 1200
_MOST_IMPORTANT = 20


@dataclass(frozen=True, slots=True)
class Curve:
    """The learning curve of one training.

    Attributes:
        name: Which fold and seed.
        x: Epochs or steps.
        loss: Of what is learnt from; NaN where it was not measured.
        watched: UAR of the clips that are watched, or loss where that is all; NaN where it was not measured.
    """

    name: str
    x: tuple[float, ...]
    loss: tuple[float, ...]
    watched: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Map:
    """Clips as points of a plane.

    Attributes:
        title: How they were projected.
        points: Shape ``(clips, 2)``.
        labels: Label of each clip.
    """

    title: str
    points: Floats
    labels: tuple[str, ...]


class _Drawing:
    """One axes, and the SVG text of it."""

    def __init__(self, width: float, height: float, *, name: str) -> None:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        self._figure, self._name = Figure(figsize=(width, height), layout="constrained"), name
        FigureCanvasSVG(self._figure)
        self._figure.patch.set_alpha(0)
        self.axes: Axes = self._figure.add_subplot()
        self.axes.patch.set_alpha(0)
        for side, spine in self.axes.spines.items():
            spine.set_color(_FAINT)
            spine.set_visible(side in ("left", "bottom"))
        self.axes.tick_params(colors=_INK, labelsize=9, length=0)

    def label(self, x: str, y: str) -> None:
        """Names the axes."""
        self.axes.set_xlabel(x, color=_INK, fontsize=9)
        self.axes.set_ylabel(y, color=_INK, fontsize=9)

    def svg(self, description: str) -> str:
        """The drawing, as wide as the page lets it."""
        from matplotlib import rc_context

        text = io.StringIO()
        # text stays text, in the page's own font; equal drawings give equal files
        with rc_context({"svg.fonttype": "none", "svg.hashsalt": self._name}):
            self._figure.savefig(text, format="svg", metadata={"Date": None})
        drawn = text.getvalue()
        drawn = drawn[drawn.index("<svg") :]
        for colour, variable in _VARIABLES.items():
            drawn = drawn.replace(colour, f"var({variable})")
        drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
        drawn = re.sub(r'font: ([\d.]+)px[^;"]*', r"font-size: \1px", drawn)
        drawn = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", drawn, count=1)
        drawn = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", drawn, count=1)
        # identifiers of several drawings on one page must not meet
        drawn = re.sub(r'\bid="', f'id="{self._name}-', drawn)
        drawn = re.sub(r"url\(#", f"url(#{self._name}-", drawn)
        drawn = re.sub(r'href="#', f'href="#{self._name}-', drawn)
        return drawn.replace("<svg", f'<svg role="img" aria-label="{description}"', 1)


def confusion_chart(result: Figures) -> str:
    """Rows are labels, columns answers, in per cent of the row."""
    from matplotlib.patches import Rectangle

    rows, columns = list(result.confusion), list(result.labels)
    drawing = _Drawing(0.72 * len(columns) + 1.1, 0.5 * len(rows) + 0.9, name="confusion")
    axes = drawing.axes
    for y, label in enumerate(rows):
        for x, answer in enumerate(columns):
            share = result.confusion[label][answer]
            axes.add_patch(Rectangle((x - 0.48, y - 0.47), 0.96, 0.94, fc=_ACCENT, alpha=max(share, 0.03), lw=0))
            if share >= 0.005:
                colour = _PAPER if share > 0.55 else _INK
                axes.text(x, y, f"{100 * share:.0f}", ha="center", va="center", color=colour, fontsize=10)
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.xaxis.tick_top()
    for spine in axes.spines.values():
        spine.set_visible(False)
    return drawing.svg("Confusion matrix: rows are labels, columns are answers, in per cent of the row")


def reliability_chart(result: Figures) -> str:
    """Accuracy against confidence; the larger a dot, the more predictions."""
    drawing = _Drawing(4.2, 3.8, name="reliability")
    confidence, right, counts = (np.array(values) for values in zip(*result.reliability, strict=True))
    axes = drawing.axes
    axes.plot([0, 1], [0, 1], color=_FAINT, lw=1, ls="--")
    axes.plot(confidence, right, color=_ACCENT, lw=1.5)
    axes.scatter(confidence, right, s=12 + 220 * counts / counts.max(), color=_ACCENT, alpha=0.75, lw=0)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    drawing.label("confidence", "accuracy")
    return drawing.svg("Reliability curve: accuracy against confidence; on the dashed line they are equal")


def coverage_chart(curve: Sequence[tuple[float, float]]) -> str:
    """Accuracy of the surest predictions, against how many of them are kept."""
    drawing = _Drawing(4.2, 3.8, name="coverage")
    share, right = (np.array(values) for values in zip(*curve, strict=True))
    axes = drawing.axes
    axes.plot(share, right, color=_ACCENT, lw=1.5)
    axes.axhline(float(right[-1]), color=_FAINT, lw=1, ls="--")
    axes.set(xlim=(0, 1.02), ylim=(min(0.95, float(right.min())) - 0.05, 1.02))
    drawing.label("share that is answered, the surest first", "accuracy")
    return drawing.svg("Accuracy against the share of predictions that is answered")


def learning_chart(curves: Sequence[Curve]) -> str:
    """Loss of what is learnt from, and the score of what is watched, a line for every training."""
    drawing = _Drawing(5.2, 3.6, name="learning")
    axes = drawing.axes
    for curve in curves:
        _line(axes, curve.x, curve.loss, _ACCENT)
    drawing.label("epoch", "loss")
    if any(len(curve.watched) and not np.all(np.isnan(curve.watched)) for curve in curves):
        right = axes.twinx()
        right.patch.set_alpha(0)
        for curve in curves:
            _line(right, curve.x, curve.watched, _SECOND)
        right.set_ylabel("UAR of watched speakers", color=_SECOND, fontsize=9)
        axes.set_ylabel("loss", color=_ACCENT, fontsize=9)
        right.tick_params(colors=_INK, labelsize=9, length=0)
        for spine in right.spines.values():
            spine.set_visible(False)
    return drawing.svg("Learning curves of every fold and seed")


def _line(axes: "Axes", x: Sequence[float], y: Sequence[float], colour: str) -> None:
    if not y:
        return
    points = np.array([x, y], float)
    known = ~np.isnan(points[1])
    axes.plot(points[0, known], points[1, known], color=colour, lw=1, alpha=0.7)


def importance_chart(importance: Mapping[str, float]) -> str:
    """What a model's answers depend on, strongest first."""
    first = sorted(importance.items(), key=lambda item: -abs(item[1]))[:_MOST_IMPORTANT]
    drawing = _Drawing(5.6, 0.24 * len(first) + 0.6, name="importance")
    names, values = [name for name, _ in first], [value for _, value in first]
    drawing.axes.barh(range(len(first)), values, color=_ACCENT, height=0.65)
    drawing.axes.set_yticks(range(len(first)), names)
    drawing.axes.set(ylim=(len(first) - 0.4, -0.6))
    drawing.label("importance", "")
    return drawing.svg("Feature importance, strongest first")


def uar_chart(rows: Sequence[tuple[str, Figures]]) -> str:
    """UAR of several reports with their intervals."""
    drawing = _Drawing(5.6, 0.32 * len(rows) + 0.7, name="uar")
    for place, (_, result) in enumerate(rows):
        low, high = result.uar_interval
        drawing.axes.plot([low, high], [place, place], color=_ACCENT, lw=2, alpha=0.6)
        drawing.axes.scatter([result.uar], [place], color=_ACCENT, s=36, zorder=3)
    drawing.axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    drawing.axes.set(ylim=(len(rows) - 0.5, -0.5))
    drawing.axes.grid(axis="x", color=_FAINT, lw=0.5)
    drawing.label("UAR, with its 95 % interval over speakers", "")
    return drawing.svg("UAR of each report with its 95 per cent interval")


def map_chart(drawn: Map, order: Sequence[str]) -> str:
    """Clips as dots, each label with its colour and sign."""
    drawing = _Drawing(4.2, 3.9, name="map-" + re.sub(r"\W", "", drawn.title))
    labels = np.array(drawn.labels)
    for place, label in enumerate(order):
        points = drawn.points[labels == label]
        if len(points):
            drawing.axes.scatter(
                points[:, 0], points[:, 1], s=14, alpha=0.7, lw=0,
                color=LABEL_COLOURS[place % len(LABEL_COLOURS)], marker=_SIGNS[place % len(_SIGNS)], label=label,
            )  # fmt: skip
    drawing.axes.set(xticks=[], yticks=[])
    drawing.axes.set_title(drawn.title, color=_INK, fontsize=10)
    legend = drawing.axes.legend(
        fontsize=8, labelcolor=_INK, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=4,
        handletextpad=0.2, columnspacing=1.0,
    )  # fmt: skip
    legend.set_in_layout(True)
    return drawing.svg(f"Map of the clips, {drawn.title}")


def project(values: Floats, labels: Sequence[str], *, how: Literal["PCA", "LDA", "t-SNE"], seed: int = 0) -> Map:
    """Clips as points of a plane.

    Args:
        values: What is known of each clip: an embedding, or the logarithm of its probabilities; ``(clips, values)``.
        labels: Label of each.
        how: ``PCA`` shows the directions of most variance, ``LDA`` those that best part the labels (so it is told
            them), ``t-SNE`` the neighbourhoods (van der Maaten & Hinton 2008).
        seed: Which clips are drawn where there are too many, and the start of t-SNE.
    """
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(values))[:_MOST_DOTS])
    drawn, names = np.asarray(values, float)[rows], tuple(labels[int(row)] for row in rows)
    drawn = (drawn - drawn.mean(axis=0)) / (drawn.std(axis=0) + 1e-9)
    return Map(how, _plane(drawn, names, how, seed), names)


def _plane(values: Floats, labels: Sequence[str], how: str, seed: int) -> Floats:
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.manifold import TSNE

    if how == "LDA" and 2 < len(set(labels)) < len(labels) / 2:
        model: Any = LinearDiscriminantAnalysis(n_components=2)
        return np.asarray(model.fit_transform(values, np.array(labels)))
    if how == "t-SNE" and len(values) > 10:
        model = TSNE(random_state=seed, init="pca", perplexity=min(30.0, len(values) / 4))
        return np.asarray(model.fit_transform(values))
    return np.asarray(PCA(2, random_state=seed).fit_transform(values))
