"""One table for every corpus: a row per clip, read from the corpus's own file names."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import CorpusError

__all__ = [
    "AUDIO_SUFFIXES",
    "Clip",
    "Corpus",
    "CorpusNameError",
    "Facts",
    "OtherCorpusError",
    "Survey",
    "audio_files",
    "clip_of",
    "scan_corpus",
    "survey_corpus",
]

LOSSLESS_SUFFIXES = (".wav", ".flac", ".aiff", ".aif", ".w64", ".au", ".caf")
AUDIO_SUFFIXES = frozenset(
    {*LOSSLESS_SUFFIXES, ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".webm", ".wma", ".amr", ".mp4", ".flv"}
)
"""Files that are taken for recordings; the video formats among them carry the sound of RAVDESS and CREMA-D."""

_SHOWN = 5
_log = logging.getLogger(__name__)


class CorpusNameError(ValueError):
    """A file name that does not follow the corpus's convention."""


class OtherCorpusError(CorpusNameError):
    """A file name of another corpus that is published beside this one.

    Attributes:
        corpus: Name of the corpus that it belongs to.
    """

    def __init__(self, corpus: str) -> None:
        super().__init__(f"belongs to {corpus}")
        self.corpus = corpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a file name says.

    Attributes:
        speaker: The corpus's own code of the speaker, or ``""`` where nothing tells.
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
        seconds: Length of the recording, or None where it has not been measured.
        perceived: Share of listeners who heard each of the eight emotions, in their order, or None where the corpus
            does not tell.
    """

    corpus: str
    path: Path
    language: str
    seconds: float | None = None
    perceived: tuple[float, ...] | None = None

    @property
    def stem(self) -> str:
        """File name without folder and suffix: the clip's identity across copies of the corpus."""
        return self.path.stem


@dataclass(frozen=True, slots=True)
class Survey:
    """All that a folder holds, before anything is refused.

    Attributes:
        clips: The clips, sorted by path.
        malformed: Files whose name (or row in a table) is not understood, each with the reason.
        elsewhere: Files of a corpus published beside this one, each with the name of that corpus.
        copies: Further copies of a clip (a second folder, a second format), each with the file that is used.
    """

    clips: tuple[Clip, ...]
    malformed: tuple[tuple[Path, str], ...] = ()
    elsewhere: tuple[tuple[Path, str], ...] = ()
    copies: tuple[tuple[Path, Path], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """A corpus and the convention of its file names.

    Attributes:
        name: Short lower-case name.
        title: Name and year as cited.
        language: ISO 639-1 code.
        licence: Licence of the recordings, as published.
        emotions: Those of the eight that occur in it.
        parse: Reads one file name; raises :class:`CorpusNameError` on a malformed one.
        citation: Where it is published.
        others: Labels in it that have no place among the eight.
        list_clips: Lists the clips of a folder where file names alone do not (a table); None for file names.
    """

    name: str
    title: str
    language: str
    licence: str
    emotions: frozenset[Emotion]
    parse: Callable[[PurePath], Facts]
    citation: str = ""
    others: frozenset[str] = frozenset()
    list_clips: "Callable[[Corpus, Path], Survey] | None" = None

    @property
    def mask(self) -> tuple[bool, ...]:
        """For each of the eight emotions, in their order, whether it occurs in the corpus."""
        return tuple(emotion in self.emotions for emotion in EMOTIONS)

    @property
    def targets(self) -> tuple[str, ...]:
        """What its clips are to be recognized as: its emotions in their order, then its other labels by alphabet."""
        return (*(emotion.value for emotion in EMOTIONS if emotion in self.emotions), *sorted(self.others))


def audio_files(folder: Path) -> list[Path]:
    """Recordings below a folder, sorted; hidden files (such as the ``._`` files of archives made on a Mac) are not."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def survey_corpus(corpus: Corpus, folder: Path) -> Survey:
    """All that a folder holds of a corpus, with every name that is not understood.

    A clip that lies there in several copies is listed once, in a lossless format if there is one.

    Raises:
        CorpusError: If the folder is missing or holds no audio.
    """
    if not folder.is_dir():
        raise CorpusError(f"{corpus.name}: {folder} is not a folder; give the one that holds {corpus.title}")
    if corpus.list_clips is not None:
        return corpus.list_clips(corpus, folder)
    files = audio_files(folder)
    if not files:
        raise CorpusError(f"{corpus.name}: no audio file below {folder}; is {corpus.title} unpacked there?")
    clips: dict[tuple[str, str], Clip] = {}
    malformed: list[tuple[Path, str]] = []
    elsewhere: list[tuple[Path, str]] = []
    copies: list[tuple[Path, Path]] = []
    for path in sorted(files, key=lambda path: (path.suffix.lower() not in LOSSLESS_SUFFIXES, path)):
        try:
            facts = corpus.parse(path)
        except OtherCorpusError as error:
            elsewhere.append((path, error.corpus))
        except CorpusNameError as error:
            malformed.append((path, str(error)))
        else:
            identity = (facts.speaker, path.stem)
            if identity in clips:
                copies.append((path, clips[identity].path))
            else:
                clips[identity] = clip_of(corpus, path, facts)
    return Survey(
        clips=tuple(sorted(clips.values(), key=lambda clip: clip.path)),
        malformed=tuple(sorted(malformed)),
        elsewhere=tuple(sorted(elsewhere)),
        copies=tuple(sorted(copies)),
    )


def scan_corpus(corpus: Corpus, folder: Path, *, skip_malformed: bool = False) -> tuple[Clip, ...]:
    """All clips of a corpus below a folder, sorted by path, whatever their audio format.

    Args:
        corpus: What is expected there.
        folder: Where to look, at any depth.
        skip_malformed: Leaves out names that are not understood (with a warning in the log) instead of refusing.

    Raises:
        CorpusError: If the folder is missing, holds no audio, or holds names that the corpus does not use.
    """
    found = survey_corpus(corpus, folder)
    if found.malformed:
        listed = _some(f"{_below(path, folder)} ({why})" for path, why in found.malformed)
        if not skip_malformed:
            raise CorpusError(f"{corpus.name}: {len(found.malformed)} file name(s) not understood: {listed}")
        _log.warning("%s: %d file name(s) left out: %s", corpus.name, len(found.malformed), listed)
    for path, kept in found.copies:
        _log.warning("%s: %s is a copy of %s and left out", corpus.name, _below(path, folder), _below(kept, folder))
    for path, owner in found.elsewhere:
        _log.info("%s: %s is left to %s", corpus.name, _below(path, folder), owner)
    if not found.clips:
        raise CorpusError(f"{corpus.name}: no clip of {corpus.title} below {folder}, only files of other corpora")
    return found.clips


def clip_of(corpus: Corpus, path: Path, facts: Facts, *, language: str = "") -> Clip:
    """One row of the table."""
    return Clip(
        corpus=corpus.name,
        path=path,
        language=language or corpus.language,
        speaker=facts.speaker,
        gender=facts.gender,
        label=facts.label,
        emotion=facts.emotion,
        intensity=facts.intensity,
        sentence=facts.sentence,
    )


def _below(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _some(items: Iterable[str]) -> str:
    listed = list(items)
    more = len(listed) - _SHOWN
    return "; ".join(listed[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
