"""Counts of a corpus, and what is wrong with its recordings."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from affetto.affect import EMOTIONS
from affetto.corpora.measure import Measure, Progress, measure
from affetto.corpora.table import Clip
from affetto.errors import AudioError

__all__ = ["Check", "Spread", "Summary", "check_clips", "spread", "summarize"]

_CLIPPED = 0.001  # of the samples: a clip with more is listed
_FAINT = -60.0  # dBFS: a clip whose peak is lower holds no voice
_NO_EMOTION = "none of the eight"
_UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Spread:
    """How a quantity is distributed; all zero where nothing was measured."""

    count: int
    total: float
    least: float
    median: float
    mean: float
    largest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts of the clips.

    Attributes:
        clips: How many there are.
        emotions: Clips by emotion, in the order of the eight; those without one last.
        labels: Clips by the corpus's own label, the most frequent first.
        speakers: Clips by speaker, sorted; ``"not known"`` where nothing tells.
        genders: Clips by gender.
        languages: Clips by language.
        perceived: Clips with votes of listeners.
        seconds: Lengths, where they are known.
    """

    clips: int
    emotions: dict[str, int]
    labels: dict[str, int]
    speakers: dict[str, int]
    genders: dict[str, int]
    languages: dict[str, int]
    perceived: int
    seconds: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the recordings of a corpus are like, and what is wrong with them.

    Attributes:
        levels: Root mean squares, dBFS.
        peaks: Largest samples, dBFS.
        silent_shares: Shares of quiet frames (:attr:`affetto.corpora.measure.Measure.silent`).
        unreadable: Files that cannot be decoded, each with the reason.
        clipped: Files of which more than a thousandth is at full scale, each with the share.
        faint: Files whose peak is below -60 dBFS.
        same_bytes: Groups of files with the same content.
        same_sound: Groups of files with the same samples, those of ``same_bytes`` among them.
        label_conflicts: Groups of the same sound under different labels, each file with its label.
        speaker_conflicts: Groups of the same sound under different speakers, each file with its speaker.
    """

    levels: Spread
    peaks: Spread
    silent_shares: Spread
    unreadable: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    clipped: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    faint: list[str] = field(default_factory=list[str])
    same_bytes: list[list[str]] = field(default_factory=list[list[str]])
    same_sound: list[list[str]] = field(default_factory=list[list[str]])
    label_conflicts: list[list[tuple[str, str]]] = field(default_factory=list[list[tuple[str, str]]])
    speaker_conflicts: list[list[tuple[str, str]]] = field(default_factory=list[list[tuple[str, str]]])


def spread(values: Iterable[float]) -> Spread:
    """The distribution of some values.

    >>> spread([1.0, 2.0, 6.0])
    Spread(count=3, total=9.0, least=1.0, median=2.0, mean=3.0, largest=6.0)
    """
    known = list(values)
    if not known:
        return Spread(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    return Spread(len(known), sum(known), min(known), statistics.median(known), statistics.fmean(known), max(known))


def summarize(clips: Sequence[Clip]) -> Summary:
    """Counts of the clips, and of their lengths where these were measured."""
    emotions = Counter(clip.emotion for clip in clips)
    counted = {emotion.value: emotions[emotion] for emotion in EMOTIONS if emotions[emotion]}
    return Summary(
        clips=len(clips),
        emotions={**counted, **({_NO_EMOTION: emotions[None]} if emotions[None] else {})},
        labels=dict(Counter(str(clip.label) for clip in clips).most_common()),
        speakers=dict(sorted(Counter(clip.speaker or _UNKNOWN for clip in clips).items())),
        genders=dict(sorted(Counter(clip.gender or _UNKNOWN for clip in clips).items())),
        languages=dict(sorted(Counter(clip.language or _UNKNOWN for clip in clips).items())),
        perceived=sum(clip.perceived is not None for clip in clips),
        seconds=spread(clip.seconds for clip in clips if clip.seconds is not None),
    )


def check_clips(clips: Sequence[Clip], folder: Path, *, progress: Progress | None = None) -> Check:
    """Decodes every clip and lists what is wrong; a clip that cannot be read does not stop the others.

    Args:
        clips: What to check.
        folder: Files are named relative to it.
        progress: Called with what is being done, how much is done and how much there is.
    """
    good: list[tuple[Clip, Measure]] = []
    unreadable: list[tuple[str, str]] = []
    for done, clip in enumerate(clips, start=1):
        try:
            good.append((clip, measure(clip.path)))
        except AudioError as error:
            unreadable.append((_below(clip.path, folder), str(error).removeprefix(f"{clip.path}: ")))
        if progress:
            progress("recordings", done, len(clips))
    by_bytes: dict[str, list[Clip]] = defaultdict(list)
    by_sound: dict[str, list[Clip]] = defaultdict(list)
    for clip, one in good:
        by_bytes[one.bytes_digest].append(clip)
        if one.peak > _FAINT:  # two silences are alike and say nothing
            by_sound[one.sound_digest].append(clip)
    same_sound = [group for group in by_sound.values() if len(group) > 1]

    def name(clip: Clip) -> str:
        return _below(clip.path, folder)

    return Check(
        levels=spread(one.level for _, one in good),
        peaks=spread(one.peak for _, one in good),
        silent_shares=spread(one.silent for _, one in good),
        unreadable=unreadable,
        clipped=[(name(clip), one.clipped) for clip, one in good if one.clipped > _CLIPPED],
        faint=[name(clip) for clip, one in good if one.peak <= _FAINT],
        same_bytes=[[name(clip) for clip in group] for group in by_bytes.values() if len(group) > 1],
        same_sound=[[name(clip) for clip in group] for group in same_sound],
        label_conflicts=[
            [(name(clip), clip.target) for clip in group] for group in same_sound if len({c.target for c in group}) > 1
        ],
        speaker_conflicts=[
            [(name(clip), clip.speaker) for clip in group]
            for group in same_sound
            if len({c.speaker for c in group}) > 1
        ],
    )


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
