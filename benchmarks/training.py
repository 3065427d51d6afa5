"""What a training step of the recognizer costs on one processor core, for networks of several shapes.

    python -m benchmarks.training [--steps 5] [--json]

Each step is a whole one, gradient, optimizer and averages, on random crops of three seconds.
"""

import argparse
import json
import time

import torch
from rich.console import Console

from affetto.learning.networks import HOP_LENGTH, N_MELS, EmotionNetwork
from affetto.learning.recipe import RecognizerRecipe
from affetto.learning.recognizer_batches import Batch
from affetto.learning.steps import Steps
from affetto.voice.audio import RATE
from benchmarks.figures import Row, machine, row, table

_WIDE, _NARROW, _DEEP = (44, 64, 96, 128, 176), (32, 48, 64, 96, 128), (24, 48, 96, 128, 192)
SHAPES = (
    (2, (32, 64, 96, 128, 168), (2, 2, 1, 2, 1), 128),
    (1, _WIDE, (1, 2, 1, 2, 1), 128),
    (1, _WIDE, (2, 2, 1, 2, 1), 128),
    (1, _WIDE, (2, 2, 2, 1, 1), 64),
    (1, _NARROW, (1, 2, 1, 2, 1), 64),
    (1, _NARROW, (2, 2, 1, 2, 1), 64),
    (1, _DEEP, (2, 2, 2, 1, 1), 64),
)
"""Members, channels, strides and clips in a batch; what ships comes first."""

_LABELS, _SECONDS, _WARM_UP = 9, 3.0, 2


def step_times(members: int, channels: tuple[int, ...], strides: tuple[int, ...], batch: int, *, steps: int) -> Row:
    """Seconds that a step takes."""
    recipe = RecognizerRecipe.model_validate(
        {
            "family": "recognizer",
            "network": {"members": members, "channels": channels, "strides": strides, "squeeze": channels != _NARROW},
            "training": {"batch": batch, "precision": "bf16-mixed"},
        }
    )
    learning = Steps(EmotionNetwork(recipe.network, labels=_LABELS), recipe, torch.device("cpu"))
    clips = Batch(
        power=torch.rand(batch, N_MELS, round(_SECONDS * RATE / HOP_LENGTH)) + 0.1,
        targets=torch.eye(_LABELS)[torch.arange(batch) % _LABELS],
        known=torch.ones(batch, _LABELS, dtype=torch.bool),
        profiles=torch.zeros(batch, batch),
        speech=torch.ones(batch),
    )
    taken: list[float] = []
    for number in range(_WARM_UP + steps):
        begun = time.perf_counter()
        learning.step(number, 0, clips)
        taken.append(time.perf_counter() - begun)
    name = f"{members} x {', '.join(map(str, channels))}; strides {', '.join(map(str, strides))}; {batch} clips"
    return row(name, taken[_WARM_UP:], "s", None)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=5, help="steps of each shape")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = [step_times(*shape, steps=arguments.steps) for shape in SHAPES]
    if arguments.json:
        print(json.dumps({**machine(), "figures": rows}))
    else:
        Console().print(table(rows, machine()))


if __name__ == "__main__":
    main()
