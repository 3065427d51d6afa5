"""``affetto listen``: the same from the microphone, at the end of an utterance or as it is spoken."""

from pathlib import Path
from typing import Annotated, Any

import typer

from affetto.cli.hear import (
    AsJson,
    Explain,
    ExplainFigure,
    For,
    Intention,
    Length,
    NoPlaylist,
    ProfileName,
    Save,
    Seed,
    Source,
    Strategy,
    answer,
    check,
    check_delivery,
    check_figure,
    check_profile,
)
from affetto.cli.play import Play, PlayerName
from affetto.errors import OptionError

__all__ = ["register"]

_SECONDS = 15.0
_LONGEST = 60.0


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("listen")(_listen)


def _listen(
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
    no_profile: Annotated[
        bool, typer.Option("--no-profile", help="Read without a profile, also where there is just one.")
    ] = False,
    explain: Explain = False,
    figure: ExplainFigure = None,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", min=1, help="Stop after this long: 15 by default and at most 60; live, no limit."),
    ] = None,
    device: Annotated[str | None, typer.Option("--device", help="Name or number of the microphone.")] = None,
    list_devices: Annotated[bool, typer.Option("--list-devices", help="List the microphones.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Read the voice as it speaks, until Ctrl-C.")] = False,
    music: Annotated[bool, typer.Option("--music", help="With --live: keep a playlist that follows.")] = False,
    file: Annotated[Path | None, typer.Option("--from", help="With --live: play a recording instead.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="With --from: as fast as it can be read.")] = False,
) -> None:
    """Listen to the microphone until you stop speaking, then read the voice and answer with a playlist.

    With --live the voice is read as it speaks, on a display that is redrawn in place. Where there is one voice profile,
    it is used for the microphone.
    """
    if list_devices:
        _show_devices(as_json=as_json)
        return
    request = {"intent": intent, "length": length, "strategy": strategy, "seed": seed, "library": library}
    request["listener"] = listener
    check(request, save, no_playlist=no_playlist)
    _check_mix(live=live, music=music, no_playlist=no_playlist, save=save, file=file, fast=fast)
    if live and (player or play):
        raise OptionError("--player and --play take a playlist that is done; leave --live out")
    if live and figure is not None:
        raise OptionError(f"--explain-figure {figure}: drawn of what is done; leave --live out")
    if figure is not None:
        check_figure(figure, recordings=1)
    delivery = check_delivery(player, play=play, save=save, no_playlist=no_playlist)
    speaker = _speaker(profile, no_profile=no_profile, microphone=file is None)
    if live:
        from affetto.cli.live import listen_live

        listen_live(
            file=file,
            fast=fast,
            device=device,
            seconds=seconds,
            as_json=as_json,
            explain=explain,
            request=request if music else None,
            save=save,
            profile=speaker,
        )
        return
    _listen_once(
        device,
        seconds,
        request=None if no_playlist else request,
        as_json=as_json,
        save=save,
        explain=explain,
        figure=figure,
        delivery=delivery,
        profile=speaker,
    )


def _listen_once(device: str | None, seconds: float | None, *, as_json: bool, **options: Any) -> None:
    from affetto.cli import show
    from affetto.voice.microphone import record_utterance

    if seconds is not None and seconds > _LONGEST:
        raise OptionError(f"--seconds {seconds:g}: at most {_LONGEST:g}; listen longer with --live")
    if not as_json:
        show.line("Listening: speak, then pause.")
    samples = record_utterance(seconds=seconds or _SECONDS, device=device)
    answer(samples, name="microphone", as_json=as_json, **options)


def _speaker(profile: str | None, *, no_profile: bool, microphone: bool) -> str | None:
    """Whose voice it is: the profile that is named, or the only one where its owner speaks at the microphone."""
    from affetto.voice.profiles import ProfileStore

    if profile and no_profile:
        raise OptionError(f"--profile {profile} and --no-profile contradict each other; leave one out")
    if profile is None and microphone and not no_profile:
        profile = ProfileStore().sole()
    if profile is not None:
        check_profile(profile)
    return profile


def _check_mix(*, live: bool, music: bool, no_playlist: bool, save: Path | None, file: Path | None, fast: bool) -> None:
    for given, name in ((music, "--music"), (file, "--from"), (fast, "--fast")):
        if given and not live:
            raise OptionError(f"{name} goes with --live; add it, or use affetto hear for a recording")
    if fast and file is None:
        raise OptionError("--fast goes with --from FILE; a microphone cannot be hurried")
    if music and no_playlist:
        raise OptionError("--music and --no-playlist contradict each other; leave one out")
    if live and save is not None and not music:
        raise OptionError(f"--save {save}: with --live there is a playlist only with --music; add it")


def _show_devices(*, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from affetto.cli import show
    from affetto.voice.devices import microphones

    found = microphones()
    if as_json:
        for each in found:
            print(json.dumps(asdict(each)))
    elif found:
        rows = [[str(d.number), d.name, f"{d.channels}", f"{d.rate} Hz", "*" if d.default else ""] for d in found]
        show.table(["number", "microphone", "channels", "rate", "default"], rows)
    else:
        show.line("No microphone was found; plug one in, or play a recording with --live --from FILE.")
