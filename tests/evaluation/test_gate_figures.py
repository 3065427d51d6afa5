"""What is no speech is refused, as the recognizer itself would."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from affetto.errors import CorpusError
from affetto.evaluation.gate import (
    SPEECH,
    TOO_SHORT,
    gate_shares,
    judge_gate,
    made_sounds,
    read_rows,
    recorded_sounds,
    write_rows,
)
from affetto.evaluation.robustness.judges import Recording, one_judge
from affetto.voice.audio import RATE, Samples
from affetto.voice.recognizer import Recognizer


def test_made_sounds_are_all_refused_and_the_same_again() -> None:
    sounds = made_sounds()
    assert {"silence", "steady noise", "tones", "chords and tunes"} <= set(sounds)
    again, other = made_sounds(), made_sounds(1)
    for kind, named in sounds.items():
        for name, samples in named.items():
            assert isinstance(samples, np.ndarray)
            assert samples.dtype == np.float32
            assert np.array_equal(samples, again[kind][name])
            assert np.isfinite(samples).all()
            assert np.abs(samples).max() <= 1
    assert not np.array_equal(sounds["clicks"]["1"], other["clicks"]["1"])


def test_rows_say_what_the_recognizer_does(speech: Samples, say: Callable[..., Samples], tmp_path: Path) -> None:
    folder = tmp_path / "speech"
    folder.mkdir()
    soundfile.write(folder / "one.wav", speech, RATE)
    soundfile.write(folder / "two.wav", say("Please put the blue cup on the kitchen table."), RATE)
    clips = [Recording(path) for path in sorted(folder.iterdir())]
    sounds = {kind: dict(list(named.items())[:3]) for kind, named in made_sounds().items()}
    told: list[tuple[str, int, int]] = []
    rows = judge_gate(one_judge(None, clips), sounds, progress=lambda *stage: told.append(stage))
    recognizer = Recognizer()
    for row in rows:
        if row.kind in (SPEECH, TOO_SHORT):
            continue
        assert row.refused(recognizer.speech_threshold) == recognizer.read(sounds[row.kind][row.name]).abstained
    shares = {one.kind: one for one in gate_shares(rows, threshold=0.5)}
    assert shares["no speech"].share >= 0.95
    assert (shares[SPEECH].refused, shares[SPEECH].total) == (0, 2)
    assert (shares[TOO_SHORT].refused, shares[TOO_SHORT].total) == (2, 2)
    assert told[-1][1] == told[-1][2]
    file = tmp_path / "gate.csv"
    write_rows(rows, file)
    assert read_rows(file) == rows


def test_a_recording_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    with pytest.raises(CorpusError, match=r"broken\.wav"):
        judge_gate(one_judge(None, []), {"noise": {"broken": broken}})
    with pytest.raises(CorpusError, match="gate"):
        read_rows(tmp_path / "gate.csv")
    with pytest.raises(CorpusError, match="no file matches"):
        recorded_sounds(tmp_path, ["nothing/*"])
