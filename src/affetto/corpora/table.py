"""One table for every corpus: a row per clip, read from the corpus's own file names."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import CorpusError

__all__ = ["AUDIO_SUFFIXES", "Clip", "Corpus", "CorpusNameError", "Facts", "scan_corpus"]

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".webm"})

_SHOWN = 5


class CorpusNameError(ValueError):
    """A file name that does not follow the corpus's convention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a file name says.

    Attributes:
        speaker: The corpus's own code of the speaker.
        gender: ``"f"``, ``"m"`` or ``""`` where the name does not tell.
        label: The corpus's own emotion word, in English.
        emotion: The same among the eight, or None where it has no place there (boredom).
        intensity: As the corpus names it, or ``""``.
        sentence: Code of what is said.
    """

    speaker: str
    gender: str
    label: str
    emotion: Emotion | None
    intensity: str = ""
    sentence: str = ""

    @property
    def target(self) -> str:
        """What a clip is to be recognized as: its emotion among the eight, else the corpus's own word (boredom)."""
        return self.label if self.emotion is None else self.emotion.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip(Facts):
    """One row of the table: where the clip is, and what its name says.

    Attributes:
        corpus: Name of the corpus.
        path: The audio file.
        language: ISO 639-1 code.
    """

    corpus: str
    path: Path
    language: str

    @property
    def stem(self) -> str:
        """File name without folder and suffix: the clip's identity across copies of the corpus."""
        return self.path.stem


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """A published corpus and the convention of its file names.

    Attributes:
        name: Short lower-case name.
        title: Name and year as cited.
        language: ISO 639-1 code.
        licence: Licence of the recordings.
        emotions: Those of the eight that occur in it.
        parse: Reads one file name; raises :class:`CorpusNameError` on a malformed one.
    """

    name: str
    title: str
    language: str
    licence: str
    emotions: frozenset[Emotion]
    parse: Callable[[PurePath], Facts]

    @property
    def mask(self) -> tuple[bool, ...]:
        """For each of the eight emotions, in their order, whether it occurs in the corpus."""
        return tuple(emotion in self.emotions for emotion in EMOTIONS)


def scan_corpus(corpus: Corpus, folder: Path) -> tuple[Clip, ...]:
    """All clips of a corpus below a folder, sorted by path, whatever their audio format.

    Raises:
        CorpusError: If the folder is missing, holds no audio, or holds names that the corpus does not use.
    """
    if not folder.is_dir():
        raise CorpusError(f"{corpus.name}: {folder} is not a folder; give the one that holds {corpus.title}")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    if not files:
        raise CorpusError(f"{corpus.name}: no audio file below {folder}; is {corpus.title} unpacked there?")
    clips: list[Clip] = []
    malformed: list[str] = []
    for path in files:
        try:
            facts = corpus.parse(path)
        except CorpusNameError as error:
            malformed.append(f"{path.relative_to(folder)} ({error})")
        else:
            clips.append(_clip(corpus, path, facts))
    if malformed:
        raise CorpusError(f"{corpus.name}: {len(malformed)} file name(s) not understood: {_some(malformed)}")
    return tuple(clips)


def _clip(corpus: Corpus, path: Path, facts: Facts) -> Clip:
    return Clip(
        corpus=corpus.name,
        path=path,
        language=corpus.language,
        speaker=facts.speaker,
        gender=facts.gender,
        label=facts.label,
        emotion=facts.emotion,
        intensity=facts.intensity,
        sentence=facts.sentence,
    )


def _some(items: Iterable[str]) -> str:
    listed = list(items)
    more = len(listed) - _SHOWN
    return "; ".join(listed[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
