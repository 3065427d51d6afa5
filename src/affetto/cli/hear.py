"""``affetto hear``: recordings in, readings and playlists out."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from affetto.cli.play import Delivery, Play, PlayerName
from affetto.errors import AffettoError, OptionError

__all__ = [
    "AsJson",
    "Explain",
    "ExplainFigure",
    "For",
    "Intention",
    "Length",
    "NoPlaylist",
    "ProfileName",
    "Save",
    "Seed",
    "Source",
    "Strategy",
    "answer",
    "check",
    "check_delivery",
    "check_figure",
    "check_profile",
    "register",
]

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
NoPlaylist = Annotated[bool, typer.Option("--no-playlist", help="Only the reading.")]
Intention = Annotated[
    str | None,
    typer.Option("--intent", help="stay, lift, calm, energize, let_out, comfort or focus; default: what suits."),
]
Length = Annotated[int | None, typer.Option("--length", min=1, help="Tracks in the playlist.")]
Strategy = Annotated[str, typer.Option("--strategy", help="journey (by mood) or genre (by the emotion's genres).")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="The same seed gives the same playlist.")]
Save = Annotated[Path | None, typer.Option("--save", help="Write the playlist as .m3u8, .xspf, .jspf or .pls.")]
Source = Annotated[
    str | None,
    typer.Option("--library", help="own, starter, or a catalog (.csv); default: your own music if there is some."),
]
For = Annotated[
    str | None, typer.Option("--listener", help="For whom: by what they like, and kept for them; default: for anybody.")
]
ProfileName = Annotated[str | None, typer.Option("--profile", help="Whose voice it is: a profile of affetto voice.")]
Explain = Annotated[bool, typer.Option("--explain", help="What in the voice led there, in full.")]
ExplainFigure = Annotated[
    Path | None, typer.Option("--explain-figure", help="Draw what led there: spectrogram, moments, cues (.svg).")
]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("hear")(_hear)
    app.command("demo")(_demo)


def _hear(
    files: Annotated[list[Path], typer.Argument(help="Recordings: any audio, or video with a sound track.")],
    as_json: AsJson = False,
    no_playlist: NoPlaylist = False,
    intent: Intention = None,
    length: Length = None,
    strategy: Strategy = "journey",
    seed: Seed = None,
    library: Source = None,
    listener: For = None,
    save: Save = None,
    player: PlayerName = None,
    play: Play = False,
    profile: ProfileName = None,
    explain: Explain = False,
    figure: ExplainFigure = None,
) -> None:
    """Read the emotion in recordings of a voice, and answer each with a playlist.

    A file that cannot be read is reported on the error output and the others are still read; the exit code is then 2.
    """
    if save and len(files) > 1:
        raise OptionError(f"--save {save}: one playlist file for {len(files)} recordings; give one recording")
    if (player or play) and len(files) > 1:
        given = "--play" if player is None else f"--player {player}"
        raise OptionError(f"{given}: one playlist for {len(files)} recordings; give one recording")
    if figure is not None:
        check_figure(figure, recordings=len(files))
    request = {"intent": intent, "length": length, "strategy": strategy, "seed": seed, "library": library}
    request["listener"] = listener
    check(request, save, no_playlist=no_playlist)
    delivery = check_delivery(player, play=play, save=save, no_playlist=no_playlist)
    if profile is not None:
        check_profile(profile)
    failed = False
    for file in files:
        try:
            answer(
                file,
                request=None if no_playlist else request,
                as_json=as_json,
                save=save,
                explain=explain,
                figure=figure,
                delivery=delivery,
                profile=profile,
            )
        except AffettoError as error:
            print(f"affetto: {error}", file=sys.stderr)
            failed = True
    if failed:
        raise typer.Exit(2)


def _demo() -> None:
    """Read a bundled voice and answer with a playlist: the whole way, with nothing to set up."""
    from importlib import resources

    sample = resources.files("affetto.samples").joinpath("happy.flac")
    with resources.as_file(sample) as file:
        answer(file, request={}, explain=True)


def answer(
    voice: Any,
    *,
    request: dict[str, Any] | None,
    name: str | None = None,
    as_json: bool = False,
    save: Path | None = None,
    explain: bool = False,
    figure: Path | None = None,
    delivery: Delivery | None = None,
    profile: str | None = None,
) -> None:
    """Reads one recording, prints what was heard and the playlist, and saves the playlist if asked.

    Args:
        voice: A file, or mono samples at 16 kHz.
        request: Options of the playlist; None for no playlist.
        name: What the recording is called in the output; None for its file name.
        as_json: Print one JSON line instead of text.
        save: Playlist file to write.
        explain: Find out what the reading rests on, and show it with the cues in full.
        figure: SVG file to draw that in.
        delivery: Where the playlist goes besides.
        profile: Name of the profile of the voice; it takes the reading in.
    """
    from affetto.cli import show
    from affetto.players import save_playlist
    from affetto.recommendation import recommend
    from affetto.voice.audio import ascii_name

    with show.progress(quiet=as_json) as progress:
        reading = _read(voice, progress, profile, explain=explain or figure is not None)
    playlist = None if request is None else recommend(reading, **request)
    if playlist is not None and save is not None:
        save_playlist(playlist, save)
    if figure is not None:
        _draw(reading, figure, name or Path(ascii_name(voice)).name)
    if as_json:
        result: dict[str, Any] = {"file": name or str(voice), "reading": reading.to_dict()}
        if explain:
            result["reading"]["cues"] = [cue.to_dict() for cue in reading.cues]
        if playlist is not None:
            result["playlist"] = playlist.to_dict()
        if playlist is not None and delivery is not None:
            placed = delivery.place(playlist, as_json=True)
            if placed is not None:
                result["placed"] = placed
        print(json.dumps(result), flush=True)
        if playlist is not None and delivery is not None:
            delivery.play(playlist, as_json=True)
        return
    show.reading(reading, name=name or ascii_name(voice), explain=explain)
    if playlist is not None:
        show.playlist(playlist)
        if save is not None:
            show.line(f"Saved as {ascii_name(save)}")
        if delivery is not None:
            delivery.place(playlist, as_json=False)
            delivery.play(playlist, as_json=False)


def _read(voice: Any, progress: Any, name: str | None, *, explain: bool) -> Any:
    from affetto.api import recognizer
    from affetto.voice.profiles import ProfileStore

    profile = None if name is None else ProfileStore().load(name)
    if isinstance(voice, Path):
        reading = recognizer().hear(voice, profile=profile, explain=explain, progress=progress)
    else:
        reading = recognizer().read(voice, profile=profile, explain=explain)
    if name is not None:
        ProfileStore().remember(name, reading)
    return reading


def check_figure(file: Path, *, recordings: int) -> None:
    """Refuses a figure that cannot be drawn before anything is heard.

    Raises:
        OptionError: If it is of several recordings, or not an SVG.
    """
    if recordings > 1:
        raise OptionError(f"--explain-figure {file}: one figure for {recordings} recordings; give one recording")
    if file.suffix.lower() != ".svg":
        raise OptionError(f"--explain-figure {file}: drawn as SVG only; give a name that ends with .svg")
    if not file.absolute().parent.is_dir():
        raise OptionError(f"--explain-figure {file}: there is no folder {file.absolute().parent}; make it first")


def _draw(reading: Any, file: Path, name: str) -> None:
    from affetto.voice.explanation_figure import explanation_svg

    if reading.explanation is None:
        print(f"affetto: note: nothing was read in {name}, so {file} is not drawn", file=sys.stderr)
        return
    title = f"{name}: why it {reading.words}" if reading.words.startswith("sounds") else f"{name}: {reading.words}"
    try:
        file.write_text(explanation_svg(reading.explanation, title=title), encoding="utf-8")
    except OSError as error:
        raise OptionError(f"--explain-figure {file}: {error.strerror}; choose another place") from error


def check_profile(name: str) -> None:
    """Refuses an unknown profile before anything is heard, and says what should be known of a known one.

    Raises:
        ProfileError: If there is none of that name.
    """
    from affetto.api import recognizer
    from affetto.voice.profiles import ProfileStore

    model = recognizer()
    note = ProfileStore().load(name).note_for(model.model_id, model.profile_size)
    if note:
        print(f"affetto: note: {note}", file=sys.stderr)


def check(request: dict[str, Any], save: Path | None, *, no_playlist: bool) -> None:
    """Refuses bad options before anything is heard.

    Raises:
        OptionError: If the intent, the length, the strategy or the mix of options is not on offer.
        PlaylistError: If the playlist could not be written.
    """
    from affetto.players import check_target
    from affetto.recommendation import check_options
    from affetto.recommendation.source import music_from

    check_options(intent=request["intent"], length=request["length"], strategy=request["strategy"])
    if not no_playlist:
        music_from(request["library"])
    if save is not None and no_playlist:
        raise OptionError(f"--save {save}: there is no playlist to save with --no-playlist; leave one out")
    if save is not None:
        check_target(save)


def check_delivery(player: str | None, *, play: bool, save: Path | None, no_playlist: bool) -> Delivery | None:
    """Opens the player before anything is heard; None where the playlist goes nowhere.

    Raises:
        OptionError: If there is no playlist, or the player is not connected.
        PlayerError: If the player cannot be opened.
    """
    if player is None and not play:
        return None
    if no_playlist:
        given = "--play" if player is None else f"--player {player}"
        raise OptionError(f"{given}: there is no playlist with --no-playlist; leave one out")
    return Delivery(player, play=play, save=save)
