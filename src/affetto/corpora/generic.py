"""Corpora of one's own: a table (CSV) of recordings and labels, or a folder for each label."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePath
from typing import Literal, TypeAlias

from affetto.affect import EMOTIONS, Emotion
from affetto.corpora.labels import map_labels
from affetto.corpora.table import Clip, Corpus, CorpusNameError, Facts, Survey, audio_files, clip_of
from affetto.errors import CorpusError

__all__ = ["COLUMNS", "Kind", "Layout", "build_corpus", "has_column", "labels_of", "resolve_labels"]

Kind: TypeAlias = Literal["csv", "folder"]

COLUMNS = ("path", "label", "speaker", "gender", "intensity", "sentence", "language", "corpus")
"""What a table may say of a recording; ``path`` and ``label`` are needed."""

_REQUIRED = ("path", "label")
_GENDERS = {"f": "f", "female": "f", "woman": "f", "w": "f", "m": "m", "male": "m", "man": "m", "": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a corpus of one's own is laid out.

    Attributes:
        kind: ``"csv"`` for a table, ``"folder"`` for one folder a label.
        table: File of the table, for ``"csv"``; paths in it are below the corpus's folder.
        columns: Names of the table's columns by what they say (:data:`COLUMNS`), where they differ.
        speaker_pattern: Regular expression searched in the path below the folder; its group ``speaker`` (or its first)
            is the speaker. Empty where a column tells, or nothing does.
    """

    kind: Kind
    table: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    speaker_pattern: str = ""


def labels_of(layout: Layout, folder: Path, *, name: str) -> tuple[str, ...]:
    """Every label that occurs, as it is written there.

    Raises:
        CorpusError: If the folder or the table cannot be read.
    """
    if layout.kind == "folder":
        files = audio_files(folder) if folder.is_dir() else []
        if not files:
            raise CorpusError(
                f"{name}: no audio file below {folder}; give the folder that holds a folder for each label"
            )
        return tuple(sorted({path.parent.name for path in files if path.parent != folder}))
    return tuple(sorted({row["label"] for _, row in _rows(layout, name) if row["label"]}))


def build_corpus(
    name: str,
    layout: Layout,
    labels: Mapping[str, str],
    *,
    title: str = "",
    language: str = "",
    licence: str = "",
    citation: str = "",
) -> Corpus:
    """A corpus of one's own as an object like those of the published corpora.

    Args:
        name: What it is to be called.
        layout: How it is laid out.
        labels: Its labels, each as one of the eight emotions or as a word of its own (:func:`labels_of`, and
            :func:`affetto.corpora.labels.map_labels`).
        title: For people; the name if empty.
        language: ISO 639-1 code; ``""`` if unknown or told by a column.
        licence: Licence of the recordings; ``"not stated"`` if empty.
        citation: Where it is published.

    Raises:
        CorpusError: If the speaker pattern is not a regular expression with a group.
    """
    pattern = _compile(layout.speaker_pattern, name)
    words = set(labels.values())
    listing = _list_folder if layout.kind == "folder" else _list_table
    return Corpus(
        name=name,
        title=title or name,
        language=language,
        licence=licence or "not stated",
        emotions=frozenset(emotion for emotion in EMOTIONS if emotion.value in words),
        parse=partial(_parse_folder, labels=labels),
        citation=citation,
        others=frozenset(words - {emotion.value for emotion in EMOTIONS}),
        list_clips=partial(listing, layout=layout, labels=labels, pattern=pattern),
    )


def _compile(pattern: str, name: str) -> re.Pattern[str] | None:
    if not pattern:
        return None
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise CorpusError(
            f"{name}: speaker pattern {pattern!r}: {error}; give one such as '(?P<speaker>spk[0-9]+)'"
        ) from error
    if not compiled.groups:
        raise CorpusError(
            f"{name}: speaker pattern {pattern!r} has no group; give one such as '(?P<speaker>spk[0-9]+)'"
        )
    return compiled


def _speaker(pattern: re.Pattern[str] | None, path: PurePath) -> str:
    if pattern is None:
        return ""
    match = pattern.search(path.as_posix())
    speaker = match["speaker" if "speaker" in pattern.groupindex else 1] if match else None
    if not speaker:
        raise CorpusNameError(f"the speaker pattern {pattern.pattern!r} finds nothing in it")
    return speaker


def _emotion(word: str) -> Emotion | None:
    return next((emotion for emotion in EMOTIONS if emotion.value == word), None)


def _parse_folder(path: PurePath, *, labels: Mapping[str, str], speaker: str = "") -> Facts:
    """``happy/anything.wav``: the folder is the label."""
    word = labels.get(path.parent.name)
    if word is None:
        raise CorpusNameError(f"expected a folder that is a label ({', '.join(labels)}), not {path.parent.name!r}")
    return Facts(speaker=speaker, gender="", label=word, emotion=_emotion(word))


def _list_folder(
    corpus: Corpus, folder: Path, *, layout: Layout, labels: Mapping[str, str], pattern: re.Pattern[str] | None
) -> Survey:
    del layout
    clips: list[Clip] = []
    malformed: list[tuple[Path, str]] = []
    for path in audio_files(folder):
        try:
            if path.parent == folder:
                raise CorpusNameError("lies in no folder of a label")
            speaker = _speaker(pattern, path.relative_to(folder))
            clips.append(clip_of(corpus, path, _parse_folder(path, labels=labels, speaker=speaker)))
        except CorpusNameError as error:
            malformed.append((path, str(error)))
    if not clips and not malformed:
        raise CorpusError(
            f"{corpus.name}: no audio file below {folder}; give the folder that holds a folder for each label"
        )
    return Survey(tuple(clips), tuple(malformed))


def _list_table(
    corpus: Corpus, folder: Path, *, layout: Layout, labels: Mapping[str, str], pattern: re.Pattern[str] | None
) -> Survey:
    clips: dict[Path, Clip] = {}
    malformed: list[tuple[Path, str]] = []
    for line, row in _rows(layout, corpus.name):
        path = folder / row["path"]
        try:
            if path in clips:
                raise CorpusNameError("named twice")
            clips[path] = _table_clip(corpus, folder, row, labels, pattern)
        except CorpusNameError as error:
            malformed.append((path, f"line {line}: {error}"))
    if not clips and not malformed:
        raise CorpusError(f"{corpus.name}: the table {layout.table} has no row")
    return Survey(tuple(sorted(clips.values(), key=lambda clip: clip.path)), tuple(malformed))


def _table_clip(
    corpus: Corpus, folder: Path, row: Mapping[str, str], labels: Mapping[str, str], pattern: re.Pattern[str] | None
) -> Clip:
    below = PurePath(row["path"])
    if not row["path"] or below.is_absolute() or ".." in below.parts:
        raise CorpusNameError(f"path {row['path']!r} does not lie below the folder of the corpus")
    path = folder / below
    if not path.is_file():
        raise CorpusNameError("there is no such file")
    if row["label"] not in labels:
        raise CorpusNameError(f"label {row['label']!r} was not there when the corpus was added; add it again")
    if row["gender"].lower() not in _GENDERS:
        raise CorpusNameError(f"gender {row['gender']!r}: give f, m or nothing")
    speaker = _speaker(pattern, below) or row["speaker"]
    if speaker and row["corpus"]:
        speaker = f"{row['corpus']}/{speaker}"  # two corpora in one table may both have a speaker 01
    word = labels[row["label"]]
    facts = Facts(
        speaker=speaker,
        gender=_GENDERS[row["gender"].lower()],
        label=word,
        emotion=_emotion(word),
        intensity=row["intensity"],
        sentence=row["sentence"],
    )
    return clip_of(corpus, path, facts, language=row["language"])


def _rows(layout: Layout, name: str) -> list[tuple[int, dict[str, str]]]:
    """Rows of the table with the line each ends in; columns that are not there are empty."""
    if layout.table is None:
        raise CorpusError(f"{name}: a corpus of kind csv needs its table; give it with --table FILE.csv")
    wrong = [key for key in layout.columns if key not in COLUMNS]
    if wrong:
        raise CorpusError(f"{name}: --column {wrong[0]}=...: give one of {', '.join(COLUMNS)}")
    try:
        with layout.table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns = list(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{name}: table {layout.table}: {error}; give a CSV file in UTF-8 with a header") from error
    names = {key: layout.columns.get(key, key) for key in COLUMNS}
    missing = [key for key in COLUMNS if (key in _REQUIRED or key in layout.columns) and names[key] not in columns]
    if missing:
        raise CorpusError(
            f"{name}: table {layout.table} has no column {names[missing[0]]!r}, only {', '.join(columns) or 'none'}; "
            f"say which it is with --column {missing[0]}=NAME"
        )
    return [(line, {key: (row.get(column) or "").strip() for key, column in names.items()}) for line, row in rows]


def has_column(layout: Layout, column: str, *, name: str) -> bool:
    """Whether any row of the table says something in a column."""
    return layout.kind == "csv" and any(row[column] for _, row in _rows(layout, name))


def resolve_labels(layout: Layout, folder: Path, given: Mapping[str, str], *, name: str) -> dict[str, str]:
    """Every label that occurs, brought to the eight (:func:`affetto.corpora.labels.map_labels`)."""
    return map_labels(labels_of(layout, folder, name=name), given, corpus=name)
