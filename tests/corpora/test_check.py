"""What the recordings themselves tell."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from affetto.affect import Emotion
from affetto.corpora.chart import check_suffix, draw_chart
from affetto.corpora.check import check_clips, spread, summarize
from affetto.corpora.measure import measure, measured
from affetto.corpora.table import Clip
from affetto.errors import AffettoError, AudioError, CorpusError

RATE = 16_000


def tone(seconds: float, amplitude: float, hz: float = 200) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


def clip(path: Path, *, speaker: str = "a", label: str = "sad", gender: str = "f") -> Clip:
    emotion = Emotion(label) if label in set(Emotion) else None
    return Clip(
        corpus="mine", path=path, language="en", speaker=speaker, gender=gender, label=label, emotion=emotion
    )  # fmt: skip


def write(path: Path, samples: np.ndarray, *, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples, RATE, subtype=subtype)
    return path


def test_a_tone_is_measured(tmp_path: Path) -> None:
    one = measure(write(tmp_path / "tone.wav", tone(2.0, 0.5), subtype="FLOAT"))
    assert one.seconds == pytest.approx(2.0)
    assert one.level == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.01)
    assert one.peak == pytest.approx(20 * np.log10(0.5), abs=0.01)
    assert one.clipped == 0
    assert one.silent == 0


def test_clipping_is_the_share_at_full_scale(tmp_path: Path) -> None:
    loud = np.clip(tone(1.0, 4.0), -1, 1)
    one = measure(write(tmp_path / "loud.wav", loud))
    assert one.clipped == pytest.approx(np.mean(np.abs(loud) > 10 ** (-0.1 / 20)), abs=0.01)
    assert one.clipped > 0.5


def test_silence_is_the_share_of_quiet_frames(tmp_path: Path) -> None:
    half = np.concatenate([np.zeros(RATE), tone(1.0, 0.5)])
    assert measure(write(tmp_path / "half.wav", half)).silent == pytest.approx(0.5, abs=0.02)
    nothing = measure(write(tmp_path / "nothing.wav", np.zeros(RATE)))
    assert (nothing.silent, nothing.level, nothing.peak) == (1.0, -120.0, -120.0)


def test_a_recording_longer_than_a_block_has_every_frame(tmp_path: Path) -> None:
    long = measure(write(tmp_path / "long.wav", tone(9.99, 0.3)))
    assert long.seconds == pytest.approx(9.99)
    assert long.silent == 0


def test_the_same_sound_in_another_format_has_the_same_digest(tmp_path: Path) -> None:
    samples = np.round(tone(1.0, 10_000)).astype(np.int16)
    wav, flac = measure(write(tmp_path / "a.wav", samples)), measure(write(tmp_path / "a.flac", samples))
    assert wav.sound_digest == flac.sound_digest
    assert wav.bytes_digest != flac.bytes_digest
    other = measure(write(tmp_path / "b.wav", tone(1.0, 0.31)))
    assert other.sound_digest != wav.sound_digest


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF nonsense")
    with pytest.raises(AudioError):
        measure(tmp_path / "bad.wav")
    seen: list[tuple[str, int, int]] = []
    good = write(tmp_path / "good.wav", tone(1.5, 0.3))
    clips = measured(
        [clip(good), clip(tmp_path / "bad.wav"), replace(clip(tmp_path / "bad.wav"), seconds=7.0)],
        progress=lambda *step: seen.append(step),
    )
    assert [one.seconds for one in clips] == [1.5, None, 7.0]
    assert seen == [("lengths", 1, 3), ("lengths", 2, 3), ("lengths", 3, 3)]


def test_everything_wrong_is_listed(tmp_path: Path) -> None:
    samples = np.round(tone(1.0, 10_000)).astype(np.int16)
    write(tmp_path / "a.wav", samples)
    (tmp_path / "b.wav").write_bytes((tmp_path / "a.wav").read_bytes())
    write(tmp_path / "c.flac", samples)
    write(tmp_path / "loud.wav", np.clip(tone(1.0, 4.0), -1, 1))
    write(tmp_path / "zero.wav", np.zeros(RATE))
    write(tmp_path / "null.wav", np.zeros(RATE))
    (tmp_path / "bad.wav").write_bytes(b"not sound")
    clips = [
        clip(tmp_path / "a.wav"),
        clip(tmp_path / "b.wav", label="happy"),
        clip(tmp_path / "c.flac", speaker="b"),
        *(clip(tmp_path / f"{name}.wav", label=label) for name, label in (("loud", "sad"), ("zero", "sad"))),
        clip(tmp_path / "null.wav", label="happy"),
        clip(tmp_path / "bad.wav"),
    ]
    steps: list[int] = []
    found = check_clips(clips, tmp_path, progress=lambda _stage, done, _total: steps.append(done))
    assert steps == list(range(1, 8))
    assert [file for file, _ in found.unreadable] == ["bad.wav"]
    assert [file for file, _ in found.clipped] == ["loud.wav"]
    assert found.faint == ["zero.wav", "null.wav"]
    assert found.same_bytes == [["a.wav", "b.wav"], ["zero.wav", "null.wav"]]
    assert found.same_sound == [["a.wav", "b.wav", "c.flac"]]  # two silences are not called the same
    assert found.label_conflicts == [[("a.wav", "sad"), ("b.wav", "happy"), ("c.flac", "sad")]]
    assert found.speaker_conflicts == [[("a.wav", "a"), ("b.wav", "a"), ("c.flac", "b")]]
    assert found.levels.count == 6


def test_counts(tmp_path: Path) -> None:
    clips = [
        replace(clip(tmp_path / "1.wav", label="boredom", gender=""), seconds=2.0, language=""),
        replace(clip(tmp_path / "2.wav", label="sad", speaker=""), seconds=4.0, perceived=(1.0, *[0.0] * 7)),
        clip(tmp_path / "3.wav", label="neutral"),
    ]
    summary = summarize(clips)
    assert list(summary.emotions.items()) == [("neutral", 1), ("sad", 1), ("none of the eight", 1)]
    assert summary.labels == {"boredom": 1, "sad": 1, "neutral": 1}
    assert summary.speakers == {"a": 2, "not known": 1}
    assert summary.genders == {"f": 2, "not known": 1}
    assert summary.languages == {"en": 2, "not known": 1}
    assert (summary.clips, summary.perceived) == (3, 1)
    assert (summary.seconds.count, summary.seconds.total, summary.seconds.mean) == (2, 6.0, 3.0)
    assert spread([]).count == 0


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_a_chart(tmp_path: Path, suffix: str) -> None:
    clips = [
        replace(clip(tmp_path / f"{n}.wav", speaker=f"s{n}", label=("sad", "boredom")[n % 2]), seconds=1.0 + n)
        for n in range(6)
    ]
    chart = tmp_path / f"chart{suffix}"
    draw_chart(clips, chart, title="Mine")
    start = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}[suffix]
    assert chart.read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [chart.name]
    if suffix == ".svg":
        text = chart.read_text()
        assert "boredom" in text
        assert "Mine: 6 clips" in text


def test_a_chart_that_cannot_be_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_suffix(None)
    with pytest.raises(CorpusError, match=r"chart .*\.gif: a chart is one of \.svg"):
        draw_chart([], tmp_path / "a.gif", title="")
    with pytest.raises(CorpusError, match=r"chart .*: No such file or directory; give a name in a folder"):
        draw_chart([clip(tmp_path / "1.wav")], tmp_path / "none" / "a.svg", title="")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(AffettoError, match=r"a chart needs an extra: pip install 'affetto\[train\]'"):
        draw_chart([], tmp_path / "a.svg", title="")
    assert list(tmp_path.iterdir()) == []
