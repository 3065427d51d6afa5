"""Compares ways to cluster music by mood, and draws the chart of ``docs/how-to/moods.md``.

    python tools/compare_clusters.py [--data ../shared] [--chart docs/images/clusters.svg]

The table is over the 300 tracks of Emotify, with the moods predicted while their artists were held out
(``reports/mood/predictions.csv``); the chart is of the starter catalog. Needs the ``train`` extra.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from affetto.music import regions, starter
from affetto.music.analysis import FEATURES
from affetto.music.clusters import REGION_COUNTS
from affetto.music.kmeans import kmeans, silhouette
from affetto.music_learning.data import read_rated
from affetto.music_learning.evaluate import read_predictions
from affetto.settings import settings

SCALES = (0.0, 0.08, 0.2)
DRAWS = 20
COLOURS = ("#b3001b", "#0067a5", "#3f7d20", "#8a4fbf", "#c45a00", "#00796b", "#ad1475", "#5b4b00", "#3949ab", "#6d4c41")
MARKS = "os^Dv P".replace(" ", "")

Method = Callable[[np.ndarray], np.ndarray]


def k_means(k: int) -> Method:
    return lambda x: kmeans(x, k).labels


def mixture(k: int) -> Method:
    return lambda x: GaussianMixture(k, random_state=0, reg_covar=1e-3).fit_predict(x)


def density(x: np.ndarray) -> np.ndarray:
    return HDBSCAN(min_cluster_size=8, copy=True).fit_predict(x)


def explained(truth: np.ndarray, labels: np.ndarray) -> float:
    """Share of the variance of the rated moods that the clusters explain; those without a cluster keep theirs."""
    within = sum(((part - part.mean(0)) ** 2).sum() for part in (truth[labels == n] for n in set(labels) - {-1}))
    within += ((truth[labels == -1] - truth.mean(0)) ** 2).sum()
    return 1 - within / ((truth - truth.mean(0)) ** 2).sum()


def stability(method: Method, space: np.ndarray) -> float:
    """Agreement (adjusted Rand index) of the clusters of random four fifths with those of all."""
    rng, whole, scores = np.random.default_rng(0), method(space), []
    for _ in range(DRAWS):
        some = rng.permutation(len(space))[: len(space) * 4 // 5]
        scores.append(adjusted_rand_score(whole[some], method(space[some])))
    return float(np.mean(scores))


def emotify(data: Path, report: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rated = read_rated(data / "music" / "emotify", cache=settings().cache_dir / "analyses", progress=lambda *_: None)
    rows = [p for p in read_predictions(report) if p.source == "emotify" and p.repeat == 0]
    value = {(p.track, p.target): p for p in rows}
    axes = ("valence", "arousal")
    mood = np.array([[value[i, axis].predicted for axis in axes] for i in rated.ids])
    truth = np.array([[value[i, axis].truth for axis in axes] for i in rated.ids])
    names = {name: place for place, name in enumerate(FEATURES)}
    turn = 2 * np.pi * rated.features[:, names["tempo_octave"]]
    tempo = np.stack([np.cos(turn), np.sin(turn)], 1)
    timbre = rated.features[:, [names[n] for n in ("centroid", "onset_mean", "chroma_flatness")]]
    timbre[:, 0] = np.log2(timbre[:, 0])
    return mood, truth, tempo, (timbre - timbre.mean(0)) / timbre.std(0)


def compare(console: Console, data: Path, report: Path) -> None:
    mood, truth, tempo, timbre = emotify(data, report)
    spaces = {
        ("mood" if not scale else f"mood, tempo and timbre x {scale:g}"): np.hstack(
            [mood, scale * tempo, scale * timbre]
        )
        if scale
        else mood
        for scale in SCALES
    }
    drawn = Table(
        "space", "method", "clusters", "silhouette", "of mood", "rated mood", "stability", "left out", box=None
    )
    for space_name, space in spaces.items():
        best = max(REGION_COUNTS, key=lambda k: silhouette(space, k_means(k)(space)))
        methods: dict[str, Method] = {
            f"K-means, {best} by silhouette": k_means(best),
            f"Gaussian mixture, {best}": mixture(best),
        }
        methods["HDBSCAN, at least 8 tracks"] = density
        for name, method in methods.items():
            labels = method(space)
            kept = labels >= 0
            several = len(set(labels[kept])) > 1
            drawn.add_row(
                space_name,
                name,
                str(len(set(labels[kept]))),
                f"{silhouette(space[kept], labels[kept]):.2f}" if several else "-",
                f"{explained(mood, labels):.0%}",
                f"{explained(truth, labels):.0%}",
                f"{stability(method, space):.2f}",
                f"{1 - kept.mean():.0%}",
            )
    console.print(drawn)


def chart(path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "affetto"
    import matplotlib.pyplot as plt

    points = starter().points.astype(float)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), width_ratios=(1, 1.25))
    counts = range(2, 17)
    for name, method, style in (("K-means", k_means, "o-"), ("Gaussian mixture", mixture, "s--")):
        left.plot(counts, [silhouette(points, method(k)(points)) for k in counts], style, label=name, ms=4)
    left.axvspan(
        REGION_COUNTS.start, REGION_COUNTS.stop - 1, color="#6b3fa0", alpha=0.1, label="offered without --moods"
    )
    left.set(xlabel="clusters", ylabel="silhouette", title="Starter catalog, mood")
    left.legend(frameon=False, fontsize=8)
    for number, region in enumerate(regions(starter())):
        some = points[list(region.places)]
        right.scatter(
            *some.T,
            s=12,
            marker=MARKS[number % len(MARKS)],
            color=COLOURS[number % len(COLOURS)],
            label=f"{region.name} ({region.size})",
            linewidths=0,
        )
    right.add_artist(plt.Circle((0, 0), 1, fill=False, color="#bbb"))
    right.set(
        xlim=(-1.02, 1.02), ylim=(-1.02, 1.02), xlabel="valence", ylabel="arousal", aspect="equal", title="Its regions"
    )
    right.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--report", type=Path, default=Path("reports/mood/predictions.csv"))
    parser.add_argument("--chart", type=Path, help="only draw the chart")
    options = parser.parse_args()
    if options.chart:
        chart(options.chart)
    else:
        compare(Console(width=140), options.data, options.report)


if __name__ == "__main__":
    main()
