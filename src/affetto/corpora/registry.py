"""Which corpora a person has, and where: ``corpora.json`` in the data folder."""

import difflib
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from affetto.corpora.generic import Layout, build_corpus
from affetto.corpora.published import CORPORA
from affetto.corpora.table import Clip, Corpus, scan_corpus
from affetto.corpora.votes import read_votes, vote_key
from affetto.errors import CorpusError
from affetto.settings import settings

__all__ = [
    "Registration",
    "corpus_names",
    "find_corpus",
    "find_published",
    "forget",
    "load_corpora",
    "register",
    "registrations",
    "with_votes",
]


class Registration(BaseModel):
    """What was said of a corpus when it was added.

    Attributes:
        kind: ``"names"`` for a published corpus read by its file names, or the layout of one's own.
        folder: Where the recordings are.
        votes: Vote table of CREMA-D.
        skip_malformed: Whether names that are not understood are left out.
        table: Table of a corpus of kind ``"csv"``.
        columns: Names of its columns.
        labels: Its labels, each as one of the eight emotions or as a word of its own.
        speaker_pattern: Finds the speaker in the path.
        title: For people.
        language: ISO 639-1 code.
        licence: Licence of the recordings.
        citation: Where it is published.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["names", "csv", "folder"] = "names"
    folder: Path
    votes: Path | None = None
    skip_malformed: bool = False
    table: Path | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    speaker_pattern: str = ""
    title: str = ""
    language: str = ""
    licence: str = ""
    citation: str = ""

    def corpus(self, name: str) -> Corpus:
        """The corpus of this registration.

        Raises:
            CorpusError: If it calls itself published and is not known.
        """
        if self.kind == "names":
            if name not in CORPORA:
                raise CorpusError(f"{name}: not a published corpus that is known; remove it and add it with --kind")
            return CORPORA[name]
        layout = Layout(kind=self.kind, table=self.table, columns=self.columns, speaker_pattern=self.speaker_pattern)
        return build_corpus(
            name,
            layout,
            self.labels,
            title=self.title,
            language=self.language,
            licence=self.licence,
            citation=self.citation,
        )


class _Registry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    corpora: dict[str, Registration] = Field(default_factory=dict)


def _file() -> Path:
    return settings().data_dir / "corpora.json"


def registrations() -> dict[str, Registration]:
    """Every registered corpus by its name.

    Raises:
        CorpusError: If ``corpora.json`` is damaged.
    """
    path = _file()
    try:
        return _Registry.model_validate_json(path.read_bytes()).corpora
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.errors()[0]["msg"]
        raise CorpusError(
            f"registered corpora {path}: {reason}; mend it, or move it away and add them again"
        ) from error


def register(name: str, registration: Registration) -> None:
    """Writes a registration, in place of one of the same name.

    Raises:
        CorpusError: If the file cannot be read or written.
    """
    _write({**registrations(), name: registration})


def forget(name: str) -> None:
    """Takes a registration out; the recordings stay where they are.

    Raises:
        CorpusError: If there is none of this name.
    """
    known = registrations()
    if name not in known:
        raise CorpusError(f"corpus {name!r} is not registered{_nearest(name, list(known))}")
    _write({other: registration for other, registration in known.items() if other != name})


def corpus_names() -> tuple[str, ...]:
    """Names of the published corpora, then of one's own."""
    return tuple(dict.fromkeys((*CORPORA, *registrations())))


def find_corpus(name: str) -> Corpus:
    """A published corpus, or one that was registered.

    Raises:
        CorpusError: If the name is unknown.
    """
    if name in CORPORA:
        return CORPORA[name]
    own = registrations()
    if name not in own:
        raise CorpusError(_unknown(name, [*CORPORA, *own]))
    return own[name].corpus(name)


def find_published(name: str) -> Corpus:
    """A published corpus.

    Raises:
        CorpusError: If none of this name is known.
    """
    if name not in CORPORA:
        raise CorpusError(f"{_unknown(name, list(CORPORA))}; for one of your own give --kind csv or --kind folder")
    return CORPORA[name]


def load_corpora(names: tuple[str, ...], root: Path | None = None) -> tuple[Clip, ...]:
    """The clips of several corpora, each in the folder of its name below ``root``, else where it was registered.

    CREMA-D comes with what listeners heard (``Clip.perceived``) where its votes were registered.

    Args:
        names: Published corpora, or registered ones.
        root: Folder of folders; None for registered corpora only.

    Raises:
        CorpusError: If a name is unknown, or a corpus cannot be read (see :func:`~affetto.corpora.table.scan_corpus`).
    """
    corpora = [find_corpus(name) for name in names]
    known = registrations() if corpora else {}
    clips: list[Clip] = []
    for corpus in corpora:
        registration = known.get(corpus.name)
        folder = root / corpus.name if root is not None and corpus.name in CORPORA else None
        if registration is not None and (folder is None or not folder.is_dir()):
            found = scan_corpus(corpus, registration.folder, skip_malformed=registration.skip_malformed)
        elif folder is not None:
            found = scan_corpus(corpus, folder)
        else:
            raise CorpusError(
                f"{corpus.name}: not registered; say where it is with 'affetto corpus add {corpus.name} DIR'"
            )
        clips.extend(with_votes(found, registration.votes) if registration and registration.votes else found)
    return tuple(clips)


def with_votes(clips: tuple[Clip, ...], votes: Path) -> tuple[Clip, ...]:
    """The same clips with what listeners heard; None for clips without votes.

    Raises:
        CorpusError: If the votes cannot be read, or none of them is about these clips.
    """
    shares = read_votes(votes)
    heard = tuple(replace(clip, perceived=shares.get(vote_key(clip.stem))) for clip in clips)
    if all(clip.perceived is None for clip in heard):
        raise CorpusError(f"votes {votes}: none is about a clip such as {clips[0].stem}; give the votes of this corpus")
    return heard


def _write(corpora: dict[str, Registration]) -> None:
    path = _file()
    text = _Registry(corpora=corpora).model_dump_json(indent=2) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=".corpora-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(partial).replace(path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CorpusError(
            f"registered corpora {path}: {error.strerror}; set AFFETTO_DATA_DIR to a folder that can be written"
        ) from error


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"unknown corpus {name!r}; known are {', '.join(known)}" + (f"; did you mean {near[0]!r}?" if near else "")


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; registered are {', '.join(known) or 'none'}"
