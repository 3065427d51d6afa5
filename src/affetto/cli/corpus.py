"""``affetto corpus``: which speech corpora there are, where they lie, and what is in them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from affetto.cli.corpus_views import found_json, show_added, show_check, show_found, show_summary
from affetto.errors import CorpusError

if TYPE_CHECKING:
    from affetto.corpora.registry import Registration
    from affetto.corpora.table import Clip, Corpus, Survey

__all__ = ["corpus_app", "register"]

_BAD_INPUT = 2
_OWN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2}", re.ASCII)

corpus_app = typer.Typer(no_args_is_help=True, help="Register speech corpora, count what is in them, and check it.")

_Name = Annotated[str, typer.Argument(help="Name of the corpus.")]
_Dir = Annotated[Path | None, typer.Option("--dir", help="Folder to look in; default: where it was registered.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")]
_Chart = Annotated[Path | None, typer.Option("--chart", help="Draw a chart into this .svg, .png or .pdf.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.add_typer(corpus_app, name="corpus")


@dataclass(frozen=True, slots=True)
class _Place:
    """A corpus and where its recordings are."""

    corpus: "Corpus"
    folder: Path
    registration: "Registration | None"

    @property
    def skips(self) -> bool:
        return self.registration is not None and self.registration.skip_malformed

    def survey(self) -> "tuple[Survey, tuple[Clip, ...]]":
        """All that lies there, and its clips with what listeners heard."""
        from affetto.corpora.registry import with_votes
        from affetto.corpora.table import survey_corpus

        found = survey_corpus(self.corpus, self.folder)
        votes = self.registration.votes if self.registration else None
        return found, with_votes(found.clips, votes) if votes and found.clips else found.clips


@corpus_app.command("add")
def _add(
    name: _Name,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the recordings.")],
    kind: Annotated[
        Literal["csv", "folder"] | None,
        typer.Option("--kind", help="A corpus of your own: a table, or a folder for each label."),
    ] = None,
    table: Annotated[Path | None, typer.Option("--table", help="The table, for --kind csv.")] = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", help="WHAT=COLUMN: name of a column of the table; repeatable.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", help="LABEL=EMOTION: what a label means; repeatable.")
    ] = None,
    speaker_pattern: Annotated[
        str, typer.Option("--speaker-pattern", help="Regular expression that finds the speaker in the path.")
    ] = "",
    no_speakers: Annotated[bool, typer.Option("--no-speakers", help="Who speaks is not known.")] = False,
    votes: Annotated[Path | None, typer.Option("--votes", help="Vote table of CREMA-D.")] = None,
    language: Annotated[str, typer.Option("--language", help="ISO 639-1 code of a corpus of your own.")] = "",
    licence: Annotated[str, typer.Option("--licence", help="Licence of a corpus of your own.")] = "",
    title: Annotated[str, typer.Option("--title", help="Title of a corpus of your own.")] = "",
    citation: Annotated[str, typer.Option("--citation", help="Where a corpus of your own is published.")] = "",
    skip_malformed: Annotated[
        bool, typer.Option("--skip-malformed", help="Leave out what is not understood instead of refusing.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Register a corpus: remember where it lies, once every file name in it is understood."""
    from affetto.corpora import registry
    from affetto.corpora.check import summarize
    from affetto.corpora.registry import Registration

    folder = folder.expanduser().resolve()
    if kind is None:
        _refuse_own_options(
            {
                "--table": table, "--column": column, "--label": label, "--speaker-pattern": speaker_pattern,
                "--no-speakers": no_speakers, "--language": language, "--licence": licence, "--title": title,
                "--citation": citation,
            }
        )  # fmt: skip
        registry.find_published(name)
        if votes is not None and name != "cremad":
            raise CorpusError(f"--votes goes with cremad, not with {name}; leave it out")
        entry = Registration(folder=folder, votes=votes and votes.absolute(), skip_malformed=skip_malformed)
    else:
        if votes is not None:
            raise CorpusError("--votes goes with cremad, not with a corpus of your own; leave it out")
        if language and not _LANGUAGE.fullmatch(language):
            raise CorpusError(f"language {language!r} is not an ISO 639-1 code; give two small letters such as en")
        entry = _own(
            name,
            folder,
            kind,
            table=table,
            columns=_pairs("--column", column),
            labels=_pairs("--label", label),
            speaker_pattern=speaker_pattern,
            no_speakers=no_speakers,
        ).model_copy(
            update={
                "skip_malformed": skip_malformed, "language": language, "licence": licence, "title": title,
                "citation": citation,
            }
        )  # fmt: skip
    place = _Place(entry.corpus(name), folder, entry)
    found, clips = place.survey()
    accepted = bool(clips) and (skip_malformed or not found.malformed)
    if accepted:
        registry.register(name, entry)
    summary = summarize(clips)
    if as_json:
        print(json.dumps({"name": name, "registered": accepted, **asdict(summary), **found_json(found, folder)}))
    else:
        show_found(found, place.folder)
        show_added(name, summary, entry, accepted=accepted, malformed=len(found.malformed))
    if not accepted:
        raise typer.Exit(_BAD_INPUT)


@corpus_app.command("remove")
def _remove(name: _Name) -> None:
    """Forget where a corpus lies; its recordings stay."""
    from affetto.cli import show
    from affetto.corpora.registry import forget

    forget(name)
    show.line(f"Forgot {name}; its recordings are where they were")


@corpus_app.command("list")
def _list(as_json: _Json = False) -> None:
    """List the corpora that are known, and where the registered ones lie."""
    from affetto.cli import show
    from affetto.corpora.registry import corpus_names, registrations

    known = registrations()
    corpora = {name: _corpus(name, known) for name in corpus_names()}
    if as_json:
        listed = [
            {
                "name": name,
                "title": corpus.title,
                "language": corpus.language,
                "licence": corpus.licence,
                "citation": corpus.citation,
                "targets": list(corpus.targets),
                "folder": str(known[name].folder) if name in known else None,
                "votes": str(known[name].votes) if name in known and known[name].votes else None,
            }
            for name, corpus in corpora.items()
        ]
        print(json.dumps({"corpora": listed}))
        return
    show.table(
        ("name", "title", "language", "licence", "registered"),
        [
            (
                name,
                corpus.title,
                corpus.language,
                corpus.licence,
                str(known[name].folder) if name in known else "",
            )
            for name, corpus in corpora.items()
        ],
    )


@corpus_app.command("show")
def _show(name: _Name, folder: _Dir = None, chart: _Chart = None, as_json: _Json = False) -> None:
    """Count the clips of a corpus by emotion, label, speaker and gender, and say how long they are."""
    from affetto.cli import show
    from affetto.corpora.chart import check_suffix, draw_chart
    from affetto.corpora.check import summarize
    from affetto.corpora.measure import measured

    check_suffix(chart)
    place = _locate(name, folder)
    found, clips = place.survey()
    with show.stages() as progress:
        clips = measured(clips, progress=progress)
    summary = summarize(clips)
    if chart is not None:
        draw_chart(clips, chart, title=place.corpus.title)
    if as_json:
        print(json.dumps({"name": name, **asdict(summary), **found_json(found, place.folder)}))
        return
    show_summary(place.corpus, summary)
    show_found(found, place.folder)


@corpus_app.command("check")
def _check(name: _Name, folder: _Dir = None, chart: _Chart = None, as_json: _Json = False) -> None:
    """Decode every clip of a corpus: level, clipping, silence, copies, contradicting labels, unreadable files.

    The exit code is 2 where a name is not understood or a file cannot be read.
    """
    from affetto.cli import show
    from affetto.corpora.chart import check_suffix, draw_chart
    from affetto.corpora.check import check_clips, summarize
    from affetto.corpora.measure import measured

    check_suffix(chart)
    place = _locate(name, folder)
    found, clips = place.survey()
    with show.stages() as progress:
        clips = measured(clips)
        result = check_clips(clips, place.folder, progress=progress)
    summary = summarize(clips)
    if chart is not None:
        draw_chart(clips, chart, title=place.corpus.title)
    if as_json:
        print(json.dumps({"name": name, **asdict(summary), **found_json(found, place.folder), **asdict(result)}))
    else:
        show_summary(place.corpus, summary)
        show_found(found, place.folder)
        show_check(result)
    if result.unreadable or (found.malformed and not place.skips):
        raise typer.Exit(_BAD_INPUT)


def _locate(name: str, folder: Path | None) -> _Place:
    from affetto.corpora.registry import find_corpus, registrations

    corpus, registration = find_corpus(name), registrations().get(name)
    if folder is not None:
        return _Place(corpus, folder, registration)
    if registration is None:
        raise CorpusError(
            f"{name}: not registered; say where it is with 'affetto corpus add {name} DIR', or with --dir"
        )
    return _Place(corpus, registration.folder, registration)


def _corpus(name: str, known: "Mapping[str, Registration]") -> "Corpus":
    from affetto.corpora.published import CORPORA

    return CORPORA[name] if name in CORPORA else known[name].corpus(name)


def _own(
    name: str,
    folder: Path,
    kind: Literal["csv", "folder"],
    *,
    table: Path | None,
    columns: dict[str, str],
    labels: dict[str, str],
    speaker_pattern: str,
    no_speakers: bool,
) -> "Registration":
    """A corpus of one's own, its labels brought to the eight."""
    from affetto.corpora.generic import Layout, has_column, resolve_labels
    from affetto.corpora.published import CORPORA
    from affetto.corpora.registry import Registration

    if name in CORPORA:
        raise CorpusError(f"{name} is the name of a published corpus; leave --kind out, or give another name")
    if not _OWN_NAME.fullmatch(name):
        raise CorpusError(f"name {name!r}: give small letters, digits, hyphens and underscores, such as my-corpus")
    if kind == "folder" and (table or columns):
        raise CorpusError("--table and --column go with --kind csv; leave them out")
    if kind == "csv" and table is None:
        raise CorpusError(f"{name}: a corpus of kind csv needs its table; give it with --table FILE.csv")
    table = None if table is None else table.expanduser().absolute()
    layout = Layout(kind=kind, table=table, columns=columns, speaker_pattern=speaker_pattern)
    spoken = has_column(layout, "speaker", name=name)
    if not (speaker_pattern or no_speakers or spoken):
        raise CorpusError(
            f"{name}: nothing tells who speaks; give --speaker-pattern such as '(?P<speaker>spk[0-9]+)', or "
            "--no-speakers (protocols that part speakers then refuse it)"
        )
    if no_speakers and (speaker_pattern or spoken):
        raise CorpusError(f"{name}: --no-speakers, but the speakers are told; leave it out")
    mapped = resolve_labels(layout, folder, labels, name=name)
    return Registration(
        kind=kind, folder=folder, table=table, columns=columns, labels=mapped, speaker_pattern=speaker_pattern
    )


def _refuse_own_options(given: Mapping[str, object]) -> None:
    wrong = [option for option, value in given.items() if value]
    if wrong:
        raise CorpusError(f"{wrong[0]} goes with a corpus of your own; give --kind csv or --kind folder too")


def _pairs(option: str, given: Sequence[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for one in given or ():
        key, equals, value = one.partition("=")
        if not (key and equals and value):
            raise CorpusError(f"{option} {one!r}: give two words joined by =, such as {option} label=emotion")
        pairs[key] = value
    return pairs
