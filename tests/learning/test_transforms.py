import numpy as np
import pytest
from sklearn.preprocessing import QuantileTransformer

from affetto.learning.transforms import ClippedScaler, NormalScores


@pytest.mark.parametrize("clips", [40, 700])
def test_normal_scores_are_those_of_scikit_learn(clips: int) -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack(
        [rng.standard_normal(clips), rng.exponential(size=clips), rng.integers(0, 4, clips), np.full(clips, 2.0)]
    )
    reference = QuantileTransformer(n_quantiles=min(200, clips), output_distribution="normal", subsample=None).fit(x)
    unseen = np.vstack([x[: clips // 2], 3 * rng.standard_normal((50, 4))])
    ours = NormalScores().fit(x)
    assert np.allclose(ours.transform(x), reference.transform(x), atol=1e-6)
    assert np.allclose(ours.transform(unseen), reference.transform(unseen), atol=1e-6)


@pytest.mark.parametrize("kind", ["standard", "robust", "quantile"])
def test_what_lies_far_out_is_cut_off(kind: str) -> None:
    x = np.random.default_rng(0).standard_normal((200, 3))
    scaled = ClippedScaler(kind).fit(x).transform(np.array([[1e6, -1e6, 0.0]]))
    assert scaled[0, :2].tolist() == [4.0, -4.0]
    assert abs(scaled[0, 2]) < 0.3
