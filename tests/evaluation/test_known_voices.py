"""A profile is judged the way it is used: on clips that did not make it."""

import numpy as np
import pytest
import soundfile

from affetto.errors import CorpusError
from affetto.evaluation.known_voices import WAYS, judge_known_voices
from affetto.evaluation.robustness.judges import Judge, Recording
from affetto.voice.audio import RATE, Samples
from tests.tiny import write_tiny_model


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory, speech: Samples) -> Judge:
    """Two speakers with eight clips each, one of them louder throughout; angry clips are twice as loud."""
    folder = tmp_path_factory.mktemp("clips")
    clips = []
    piece = speech[RATE : 5 * RATE]
    for speaker, gain in (("A01", 1.0), ("A02", 2.0)):
        for take in range(8):
            label = "angry" if take % 2 else "happy"
            path = folder / f"{speaker}-{take}.wav"
            soundfile.write(path, np.clip((2.0 if label == "angry" else 1.0) * gain * 0.4 * piece, -1, 1), RATE)
            clips.append(Recording(path, "ravdess", speaker, label))
    return Judge(write_tiny_model(folder / "tiny.onnx"), "1", tuple(clips))


def test_the_same_clips_are_read_in_every_way(judge: Judge) -> None:
    told: list[tuple[str, int, int]] = []
    found = judge_known_voices([judge], progress=lambda *stage: told.append(stage))
    assert set(found.predictions) == set(WAYS)
    clips = [{p.clip for p in rows} for rows in found.predictions.values()]
    assert clips[0] == clips[1] == clips[2]
    assert len(clips[0]) == 8
    assert found.abstained == dict.fromkeys(WAYS, 0)
    assert told[-1][1] <= told[-1][2] == 16
    unknown, enrolled, adapting = (
        {p.clip: p.probabilities for p in found.predictions[way]} for way in ("unknown", "enrolled", "adapting")
    )
    assert any(not np.allclose(unknown[clip], enrolled[clip]) for clip in unknown)
    assert any(not np.allclose(adapting[clip], enrolled[clip]) for clip in unknown)


def test_other_clips_can_make_the_profile(judge: Judge) -> None:
    few = judge_known_voices([judge], count=2, seed=1)
    assert all(len(rows) == 12 for rows in few.predictions.values())
    with pytest.raises(CorpusError, match=r"has 8 clip\(s\); 8 to enrol and one to test are needed"):
        judge_known_voices([judge], count=8)


def test_a_speaker_with_too_few_clips_is_passed_over(judge: Judge) -> None:
    some = Judge(judge.model, "1", judge.clips[:12])  # eight of one speaker, four of the other
    found = judge_known_voices([some], count=4)
    assert all({p.speaker for p in rows} == {"A01"} for rows in found.predictions.values())


def test_clips_of_nobody_are_refused(judge: Judge) -> None:
    nobody = Judge(judge.model, "1", (Recording(judge.clips[0].path),))
    with pytest.raises(CorpusError, match="name their --corpus"):
        judge_known_voices([nobody])
