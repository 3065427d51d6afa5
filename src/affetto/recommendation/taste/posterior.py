"""The posterior of a Bayesian linear model whose tracks lie within artists, solved exactly by elimination."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.recommendation.taste.evidence import Sums

__all__ = ["Nested", "Posterior", "Weights", "solve"]

_Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """One belief about all weights.

    Attributes:
        dense: Weights of the features.
        artists: What each artist adds.
        tracks: What each track adds.
    """

    dense: _Floats
    artists: _Floats
    tracks: _Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nested:
    """A level of groups, each in one group of the level above: its mean is linear in the levels above.

    Attributes:
        gain: ``1 / (ridge + weight)`` of each group, shape (k,).
        weight: Weight of what was heard of it.
        reward: Sum of weighted rewards.
        features: Sum of weighted features, shape (k, d).
    """

    gain: _Floats
    weight: _Floats
    reward: _Floats
    features: _Floats

    def mean(self, dense: _Floats, above: _Floats | None = None) -> _Floats:
        """The mean of each group, given the weights of the features and of the group above."""
        rest = self.reward - self.features @ dense
        return self.gain * (rest if above is None else rest - self.weight * above)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """Gaussian beliefs: the features jointly, each artist given them, each track given both.

    Attributes:
        dense: Mean weights of the features.
        root: Upper triangular; the covariance of those weights is ``noise^2 (root^T root)^-1``.
        noise: Standard deviation of a reward.
        artists: The level of artists.
        tracks: The level of tracks.
        artist_of: Row of the artist of each track, -1 where it is not known.
        volume: Log of how much smaller the doubt about all weights became: ``log|A| - log|R|`` with the precisions
            ``A`` after and ``R`` before, in terms of the noise.
        explained: How much less of the weighted squares of rewards the weights leave over, ``b A^-1 b``.
    """

    dense: _Floats
    root: _Floats
    noise: float
    artists: Nested
    tracks: Nested
    artist_of: npt.NDArray[np.intp]
    volume: float
    explained: float

    @property
    def mean(self) -> Weights:
        """The mean of all weights."""
        return self._given(self.dense)

    def _given(
        self, dense: _Floats, artist_noise: _Floats | None = None, track_noise: _Floats | None = None
    ) -> Weights:
        artists = self.artists.mean(dense)
        if artist_noise is not None:
            artists = artists + artist_noise
        tracks = self.tracks.mean(dense, np.append(artists, 0.0)[self.artist_of])
        return Weights(dense=dense, artists=artists, tracks=tracks if track_noise is None else tracks + track_noise)

    def sample(self, rng: np.random.Generator, scale: float = 1.0) -> Weights:
        """All weights drawn together; ``scale`` stretches the deviation from the mean."""
        from scipy.linalg import solve_triangular

        spread = scale * self.noise
        dense = self.dense + spread * solve_triangular(self.root, rng.standard_normal(len(self.root)))
        return self._given(
            dense,
            spread * np.sqrt(self.artists.gain) * rng.standard_normal(len(self.artists.gain)),
            spread * np.sqrt(self.tracks.gain) * rng.standard_normal(len(self.tracks.gain)),
        )


def _eliminate(weight: _Floats, reward: _Floats, features: _Floats, ridge: float) -> Nested:
    return Nested(gain=1.0 / (ridge + weight), weight=weight, reward=reward, features=features)


def _grouped(rows: _Floats, weight: _Floats, group_of: npt.NDArray[np.intp], groups: int) -> _Floats:
    """Weighted sum of the rows of each group; rows of group -1 are in none."""
    from scipy.sparse import csr_matrix

    some = np.flatnonzero(group_of >= 0)
    home = csr_matrix((weight[some], (group_of[some], some)), shape=(groups, len(rows)))
    return np.asarray(home @ rows)


def solve(sums: Sums, *, ridges: _Floats, artist_ridge: float, track_ridge: float, noise: float) -> Posterior:
    """The posterior from sums.

    With rewards ``y = x.w + a[artist] + b[track] + e`` and independent normal priors, each track occurs in one artist
    alone, so the tracks and then the artists can be eliminated one by one (Schur complements); what is left is a system
    as large as the features. A thousand events cost a millisecond.

    Args:
        sums: What was heard.
        ridges: Noise variance over prior variance of each feature, shape (d,).
        artist_ridge: The same of an artist's part.
        track_ridge: The same of a track's part.
        noise: Standard deviation of a reward.
    """
    # Instead of fading all sums, the ridges are raised: that changes the precision by a factor, and so the noise.
    ridges, artist_ridge, track_ridge = ridges / sums.faded, artist_ridge / sums.faded, track_ridge / sums.faded
    noise /= float(np.sqrt(sums.faded))
    tracks = _eliminate(sums.tracks[:, 0], sums.tracks[:, 1], sums.tracks[:, 2:], track_ridge)
    by_artist = _grouped(sums.tracks, track_ridge * tracks.gain, sums.artist_of, len(sums.votes))
    by_artist[:, :2] += sums.votes
    artists = _eliminate(by_artist[:, 0], by_artist[:, 1], by_artist[:, 2:], artist_ridge)

    dense, answer = sums.dense + np.diag(ridges), sums.answer.copy()
    for level in (tracks, artists):
        pulled = level.features * level.gain[:, None]
        dense -= pulled.T @ level.features
        answer -= pulled.T @ level.reward
    from scipy.linalg import cho_solve, cholesky

    root = cholesky((dense + dense.T) / 2)
    mean = cho_solve((root, False), answer)
    volume = 2 * np.log(np.diag(root)).sum() - np.log(ridges).sum()
    explained = answer @ mean
    for level, ridge in ((tracks, track_ridge), (artists, artist_ridge)):
        volume -= np.log(level.gain * ridge).sum()
        explained += level.gain @ level.reward**2
    return Posterior(
        dense=mean,
        root=root,
        noise=noise,
        artists=artists,
        tracks=tracks,
        artist_of=sums.artist_of,
        volume=float(volume),
        explained=float(explained),
    )
