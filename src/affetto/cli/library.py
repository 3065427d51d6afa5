"""``affetto library``: the person's own music."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from affetto.cli import library_map
from affetto.errors import LibraryError, OptionError

__all__ = ["group", "register"]

_STOPPED = 130

AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
Which = Annotated[
    str,
    typer.Option("--which", help="usable, aside (speech, short), versions (duplicates), missing, failed or all."),
]

group = typer.Typer(
    name="library",
    help="Your own music: scan it, look at it, correct it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def register(app: typer.Typer) -> None:
    """Adds the commands of this file, and those that have one of their own."""
    library_map.register(group)
    app.add_typer(group)


@group.command("add")
def add(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders, or subsonic:NAME for a connected server; none: look again at the folders."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and take in what changes.")] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, max=256, help="Processes that listen; default: one a core.")
    ] = None,
    most: Annotated[
        int | None,
        typer.Option("--most", min=0, help="Of a server, listen to so many songs at most; 0: its list only."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Scan folders of music: tags, tempo, key, loudness and mood of every track.

    It can be stopped at any time and goes on where it was. Files that are unchanged are passed over. Playlists can be
    made meanwhile.
    """
    from affetto.cli import library_views as views
    from affetto.cli.library_subsonic import add_servers, servers_in
    from affetto.music.collection import Collection
    from affetto.music.scan import add_folder, scan
    from affetto.music.scan import folders as known_folders
    from affetto.music.watch import watch as keep_watch

    def tell(report: Any) -> None:
        if as_json:
            print(json.dumps(report.to_dict()), flush=True)
        else:
            views.report(report)

    servers, places = servers_in(folders or ())
    if most is not None and not servers:
        raise OptionError(f"--most {most}: goes with subsonic:NAME; add it")
    with Collection.open() as collection:
        for folder in places:
            add_folder(collection.store, folder)
        try:
            add_servers(collection.store, servers, most=most, workers=workers, as_json=as_json)
        except KeyboardInterrupt:
            views.note("Stopped. What was heard is kept; the same command goes on from there.", quiet=False)
            raise typer.Exit(_STOPPED) from None
        if servers and not places:
            return
        if not known_folders(collection.store):
            raise LibraryError("the library has no folder yet; give one: affetto library add ~/Music")
        try:
            with views.scanning(quiet=as_json) as progress:
                report = scan(collection.store, workers=workers, progress=progress)
            tell(report)
            if watch:
                views.note("Watching; Ctrl-C ends it.", quiet=as_json)
                keep_watch(collection.store, tell, workers=workers)
        except KeyboardInterrupt:
            views.note("Stopped. What was heard is kept; `affetto library add` goes on from there.", quiet=False)
            raise typer.Exit(_STOPPED) from None


@group.command("status")
def status(as_json: AsJson = False) -> None:
    """Show how much music there is, where, and what was left out."""
    from affetto.cli import library_views as views
    from affetto.music.collection import Collection

    with Collection.open() as collection:
        found = collection.status()
    if as_json:
        print(json.dumps(found.to_dict()))
    else:
        views.status(found)


@group.command("list")
def list_tracks(
    words: Annotated[list[str] | None, typer.Argument(help="Words in title, artist, album or genre.")] = None,
    which: Which = "usable",
    limit: Annotated[int, typer.Option("--limit", min=0, help="At most so many; 0: all.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List tracks with their mood and tempo, or what was left out and why."""
    from affetto.cli import library_views as views
    from affetto.music.collection import Collection

    with Collection.open() as collection:
        entries = collection.entries(" ".join(words or ()), which=which, limit=limit or None)
        if as_json:
            for entry in entries:
                print(json.dumps(entry))
        else:
            views.entries(list(entries), which=which, limit=limit)


@group.command("show")
def show_track(
    track: Annotated[str, typer.Argument(help="Number, path, or words that only one track has.")],
    as_json: AsJson = False,
) -> None:
    """Show all that is known of a track, and what its mood rests on."""
    from affetto.cli import library_views as views
    from affetto.music.collection import Collection

    with Collection.open() as collection:
        entry = collection.describe(collection.find(track))
    if as_json:
        print(json.dumps(entry))
    else:
        views.track(entry)


@group.command("fix")
def fix(
    track: Annotated[str, typer.Argument(help="Number, path, or words that only one track has.")],
    valence: Annotated[float | None, typer.Option("--valence", help="-1 (unpleasant) to 1 (pleasant).")] = None,
    arousal: Annotated[float | None, typer.Option("--arousal", help="-1 (quiet) to 1 (excited).")] = None,
    tempo: Annotated[float | None, typer.Option("--tempo", help="Beats per minute.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take your corrections of this track back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Correct a track; your word wins over the estimate for ever."""
    from affetto.cli import library_views as views
    from affetto.music.collection import Collection

    if undo and not (valence is None and arousal is None and tempo is None):
        raise OptionError("--undo takes corrections back; leave out the others")
    with Collection.open() as collection:
        number = collection.find(track)
        if undo:
            collection.unfix(number)
        else:
            collection.fix(number, valence=valence, arousal=arousal, tempo=tempo)
        entry = collection.describe(number)
    if as_json:
        print(json.dumps(entry))
    else:
        views.track(entry)


@group.command("remove")
def remove(
    what: Annotated[
        str | None, typer.Argument(help="A folder, subsonic:NAME, or a track by number, path or words.")
    ] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Forget the tracks whose files are gone.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Forget everything.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget a folder, or set a track aside for good; no file is touched."""
    from affetto.cli import library_views as views
    from affetto.cli.library_subsonic import remove_server, servers_in
    from affetto.music.collection import Collection

    if (what is not None) + missing + everything != 1:
        raise OptionError("give one of: a folder or track, --missing, --all")
    if everything and not yes:
        if not sys.stdin.isatty():
            raise OptionError("--all forgets every folder, track and correction; add --yes")
        typer.confirm("Forget every folder, track and correction?", abort=True)
    with Collection.open() as collection:
        if everything:
            collection.remove_all()
            views.note("Everything is forgotten.", quiet=False)
        elif missing:
            views.note(f"{collection.remove_missing():,} tracks forgotten.", quiet=False)
        elif what is not None and (servers := servers_in([what])[0]):
            views.note(f"{remove_server(collection.store, servers[0]):,} songs forgotten.", quiet=False)
        elif what is not None and collection.has_folder(what):
            views.note(f"Folder forgotten, with {collection.remove_folder(what):,} tracks.", quiet=False)
        else:
            number = collection.find(what or "")
            collection.remove(number)
            views.note(f"Track {number} is set aside.", quiet=False)


@group.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="File to write: .csv (a catalog) or .jsonl (all that is known).")],
    which: Which = "usable",
) -> None:
    """Write the library to a file."""
    from affetto.cli import library_views as views
    from affetto.music.collection import Collection

    with Collection.open() as collection:
        count = collection.export(file, which=which)
    views.note(f"{count:,} tracks written to {file}", quiet=False)


@group.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="A list of music: .csv, .tsv, .jspf or .m3u8.")],
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="A column of a table, as FIELD=COLUMN; may be repeated.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take in a list of music: tracks with addresses, and what it says about the mood of tracks you have."""
    from affetto.cli import library_views as views
    from affetto.music.collection import Collection
    from affetto.music.importers import import_listing
    from affetto.music.listings import read_listing

    pairs = [pair.partition("=") for pair in mapping or ()]
    for field, equals, column in pairs:
        if not (field and equals and column):
            raise OptionError(f"--map {field}{equals}{column}: give FIELD=COLUMN, as in --map title=Name")
    listing = read_listing(file, mapping={field: column for field, _, column in pairs})
    if not as_json:
        views.listing(listing)
    with Collection.open() as collection:
        done = import_listing(collection.store, listing, dry_run=dry_run)
    if as_json:
        print(
            json.dumps(
                {
                    "columns": listing.columns,
                    "scales": listing.scales,
                    "skipped": listing.skipped,
                    "tracks": len(listing.tracks),
                    "dry_run": dry_run,
                    **views.plain(done),
                }
            )
        )
    else:
        views.imported(done, dry_run=dry_run)
