import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.corpora import load_corpora
from affetto.corpora.table import Clip
from affetto.learning.groups import Groups
from tests.tiny import write_tiny_corpus


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clip, ...]:
    root = write_tiny_corpus(tmp_path_factory.mktemp("data"))
    return tuple(load_corpora(("ravdess",), root / "speech"))


@given(seed=st.integers(0, 2**31), size=st.integers(2, 6), count=st.integers(2, 40))
def test_a_speaker_is_known_by_other_clips_of_the_same_speaker(
    clips: tuple[Clip, ...], seed: int, size: int, count: int
) -> None:
    groups = Groups(clips, np.arange(len(clips)), shares={}, size=size, unknown=0.3)
    rows, corpora, profiles = groups.draw(count, np.random.default_rng(seed))
    assert len(rows) == len(corpora) == count
    sums = profiles.sum(axis=1)
    assert (np.isclose(sums, 1, atol=1e-5) | (sums == 0)).all()
    for one, other in zip(*np.nonzero(profiles), strict=True):
        assert clips[rows[one]].speaker == clips[rows[other]].speaker
        assert rows[one] != rows[other]


def test_nobody_is_known_where_clips_are_drawn_one_by_one(clips: tuple[Clip, ...]) -> None:
    drawn = Groups(clips, np.arange(len(clips)), shares={}).draw(500, np.random.default_rng(0))
    assert not drawn.profiles.any()
    labels, counts = np.unique([clips[row].target for row in drawn.rows], return_counts=True)
    assert len(labels) == 4
    assert counts.min() > 80  # each label alike


def test_only_the_chosen_clips_are_drawn(clips: tuple[Clip, ...]) -> None:
    chosen = np.array([row for row, clip in enumerate(clips) if clip.speaker in ("A01", "A02")])
    drawn = Groups(clips, chosen, shares={}, size=4, unknown=0.0).draw(100, np.random.default_rng(0))
    assert set(drawn.rows.tolist()) <= set(chosen.tolist())
    assert (drawn.profiles.sum(axis=1) > 0).mean() > 0.9
