import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.music import starter
from affetto.music.kmeans import kmeans, silhouette


@pytest.mark.parametrize("k", [3, 8, 10])
def test_inertia_is_that_of_scikit_learn(k):
    cluster = pytest.importorskip("sklearn.cluster")
    points = starter().points.astype(float)
    theirs = cluster.KMeans(k, n_init=10, random_state=0).fit(points).inertia_
    assert kmeans(points, k).inertia <= 1.01 * theirs


def test_silhouette_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    points = starter().points[::4].astype(float)
    labels = kmeans(points, 6).labels
    assert silhouette(points, labels) == pytest.approx(metrics.silhouette_score(points, labels))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=30), st.data())
def test_any_points_give_centres(points, data):
    k = data.draw(st.integers(1, len(points)))
    found = kmeans(points, k, restarts=2)
    again = kmeans(points, k, restarts=2)
    assert found.centres.shape == (k, 2)
    assert np.array_equal(found.centres, again.centres)
    assert found.inertia >= 0
    squared = ((np.array(points)[:, None] - found.centres) ** 2).sum(2)
    assert squared.min(1).sum() == pytest.approx(found.inertia, abs=1e-9)


def test_the_labels_follow_the_sorted_centres():
    found = kmeans([[5.0], [0.0], [5.1], [0.1]], 2)
    assert found.labels.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("k", [0, 3])
def test_an_impossible_k_is_named(k):
    with pytest.raises(ValueError, match=f"k = {k} is outside 1 to 2"):
        kmeans([[0.0], [1.0]], k)


def test_a_silhouette_needs_two_clusters_and_forgives_singles():
    with pytest.raises(ValueError, match="at least two"):
        silhouette([[0.0], [1.0]], [0, 0])
    assert silhouette([[0.0], [0.1], [9.0]], [0, 0, 1]) == pytest.approx(2 / 3, abs=0.02)
