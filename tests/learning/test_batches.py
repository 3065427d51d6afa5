from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import Emotion
from affetto.corpora.table import Clip
from affetto.learning.batches import Blend, Epochs, Targets, bucket, pad
from affetto.learning.recipe.loop import LoopRecipe


def clips_of(*labels: str) -> list[Clip]:
    return [
        Clip(speaker="A", gender="f", label=label, emotion=Emotion(label), corpus="x", path=Path(f"{n}"), language="en")
        for n, label in enumerate(labels)
    ]


@given(st.integers(0, 70), st.integers(2, 9), st.booleans(), st.integers(0, 5))
def test_every_row_is_in_one_batch_and_no_batch_is_a_single(count: int, size: int, shuffled: bool, seed: int) -> None:
    lengths = np.random.default_rng(count).integers(1, 100, size=count)
    batches = bucket(count, size, lambda row: int(lengths[row]), np.random.default_rng(seed) if shuffled else None)
    assert sorted(row for batch in batches for row in batch) == list(range(count))
    if count > 1:
        assert min(map(len, batches)) >= 2
    assert all(len(batch) <= size + 1 for batch in batches)


def test_clips_of_a_batch_are_about_as_long() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(50, 300, size=320)
    batches = bucket(320, 16, lambda row: int(lengths[row]), rng)
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    assert padded / lengths.sum() < 1.2
    assert not np.array_equal(batches[0], bucket(320, 16, lambda row: int(lengths[row]), rng)[0])


def test_padding_is_marked() -> None:
    power, mask = pad([np.ones((3, 2), np.float32), np.ones((3, 5), np.float32)])
    assert power.shape == (2, 3, 5)
    assert mask.tolist() == [[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]
    assert power[0, :, 2:].abs().sum() == 0


def test_rare_labels_weigh_more_but_not_without_end() -> None:
    clips = clips_of(*["happy"] * 60, *["sad"] * 20, *["angry"])
    weights = Targets(clips, LoopRecipe()).weights(clips)
    assert weights[:60].sum() == pytest.approx(weights[60:80].sum())
    assert weights[80] == 10
    assert (Targets(clips, LoopRecipe(class_weights="none")).weights(clips) == 1).all()


def test_a_batch_depends_only_on_seed_epoch_and_number() -> None:
    clips = clips_of(*["happy", "sad", "angry"] * 8)

    def make(rows: np.ndarray, rng: np.random.Generator) -> tuple[tuple[torch.Tensor, ...], Blend]:
        blend = Blend(np.roll(np.arange(len(rows)), 1), np.full(len(rows), 0.25, np.float32))
        return (torch.from_numpy(rows + rng.random(len(rows))),), blend

    def epochs(seed: int) -> Epochs:
        targets = Targets(clips, LoopRecipe(label_smoothing=0.0))
        return Epochs(clips, targets, make, length=lambda row: row, size=6, seed=seed)

    one, other = epochs(1), epochs(1)
    other.batch(0, 3)
    assert one.steps == 4
    batch, again = one.batch(2, 1), other.batch(2, 1)
    assert torch.equal(batch.inputs[0], again.inputs[0])
    assert torch.equal(batch.targets, again.targets)
    assert torch.allclose(batch.targets.sum(dim=1), torch.ones(6))
    assert set(batch.targets.unique().tolist()) <= {0.0, 0.25, 0.75, 1.0}
    for different in (one.batch(3, 1), one.batch(2, 2), epochs(2).batch(2, 1)):
        assert not torch.equal(batch.inputs[0], different.inputs[0])
