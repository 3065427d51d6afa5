"""``affetto voice``: profiles of voices, so that readings know who speaks."""

import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from affetto.errors import OptionError, ProfileError

if TYPE_CHECKING:
    from affetto.voice.audio import Samples
    from affetto.voice.enrolment import Hook
    from affetto.voice.profile import VoiceProfile
    from affetto.voice.speech import Utterance

__all__ = ["DEFAULT_NAME", "group", "register"]

DEFAULT_NAME = "me"
_LONGEST = 60.0  # seconds at the microphone

AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
Named = Annotated[str | None, typer.Option("--name", help="Which profile; it can be left out where there is one.")]
Which = Annotated[str | None, typer.Argument(help="Which profile; it can be left out where there is one.")]

group = typer.Typer(
    name="voice",
    help="Profiles of voices: enrol, show, correct, delete.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.add_typer(group)


@group.command("enrol")
def enrol(
    files: Annotated[list[Path] | None, typer.Argument(help="Recordings of your voice; none: the microphone.")] = None,
    name: Annotated[str, typer.Option("--name", help="What to call the profile.")] = DEFAULT_NAME,
    device: Annotated[str | None, typer.Option("--device", help="Name or number of the microphone.")] = None,
    as_json: AsJson = False,
) -> None:
    """Get to know a voice by 10 to 20 seconds of ordinary speech; only statistics are kept, no sound.

    Enrolling again replaces what was known of the voice; corrections stay.
    """
    from affetto.api import recognizer
    from affetto.cli import show
    from affetto.voice.enrolment import enrol as listen
    from affetto.voice.profile import VoiceProfile
    from affetto.voice.profiles import ProfileStore

    if files and device:
        raise OptionError(f"--device {device}: goes with the microphone; leave it or the recordings out")
    store = ProfileStore()
    known = store.load(name) if store.has(name) else None
    model = recognizer()
    if files:
        heard = listen(model, _of_files(files))
    else:
        if not as_json:
            show.line("Speak in your everyday voice for some 15 seconds, for example of what you did today.")
        with _meter(quiet=as_json) as progress:
            heard = listen(model, _of_microphone(device, progress))
    profile = VoiceProfile.of(name, heard) if known is None else known.enrolled(heard)
    store.save(profile)
    if as_json:
        print(json.dumps(profile.summary()))
        return
    show.line(f"{'Enrolled' if known is None else 'Enrolled again'}: {name}, by {heard.seconds:.1f} s of speech.")
    _show_cues(profile)
    if not heard.embedding:
        show.line("  This model knows no speakers: the profile serves to tell what is unusual, and for corrections.")
    show.line(f"  Use it with 'affetto listen', or with --profile {name}.")


@group.command("show")
def show_profile(name: Which = None, as_json: AsJson = False) -> None:
    """Show all that is known of a voice."""
    from affetto.api import recognizer
    from affetto.cli import show

    profile = _load(name)
    if as_json:
        print(json.dumps(profile.summary()))
        return
    show.line(f"{profile.name}: {profile.heard.seconds:.0f} s of speech heard", style="bold")
    show.line(f"  enrolled {profile.created[:10]}, changed {profile.updated[:10]}")
    show.line(f"  adapts to later use: {'yes' if profile.adapt else 'no'}")
    show.line(f"  {profile.effect}")
    _show_cues(profile)
    model = recognizer()
    note = profile.note_for(model.model_id, model.profile_size)
    if note:
        show.line(f"  {note}", style="yellow")


@group.command("list")
def list_profiles(as_json: AsJson = False) -> None:
    """List the profiles."""
    from affetto.cli import show
    from affetto.voice.profiles import ProfileStore

    store = ProfileStore()
    profiles = [store.load(name) for name in store.names()]
    if as_json:
        for profile in profiles:
            print(json.dumps(profile.summary()))
    elif profiles:
        rows = [
            (one.name, f"{one.heard.seconds:.0f} s", one.updated[:10], "yes" if one.adapt else "no", one.effect)
            for one in profiles
        ]
        show.table(("name", "heard", "changed", "adapts", "corrections"), rows)
    else:
        show.line("No voice profile yet; make one with 'affetto voice enrol'.")


@group.command("export")
def export(
    name: Which = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; default: the standard output.")] = None,
) -> None:
    """Write a profile as JSON, whole, to look at it or to take it to another machine."""
    from affetto.voice.profiles import profile_text

    text = profile_text(_load(name))
    if out is None:
        print(text, end="")
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProfileError(f"--out {out}: {error.strerror}; choose another file") from error


@group.command("import")
def import_profile(
    file: Annotated[Path, typer.Argument(help="What 'affetto voice export' wrote.")],
    name: Annotated[str | None, typer.Option("--name", help="What to call it here; default: its own name.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="In place of a profile of that name.")] = False,
) -> None:
    """Take in a profile from another machine."""
    from affetto.cli import show
    from affetto.voice.profiles import ProfileStore, read_profile

    store, profile = ProfileStore(), read_profile(file, name=name)
    if store.has(profile.name) and not replace:
        raise ProfileError(f"there is a profile {profile.name!r} already; choose another --name, or add --replace")
    store.save(profile)
    show.line(f"Imported as {profile.name}.")


@group.command("delete")
def delete(name: Annotated[str, typer.Argument(help="Which profile.")]) -> None:
    """Delete a profile, with all that is known of the voice."""
    from affetto.cli import show
    from affetto.voice.profiles import ProfileStore

    ProfileStore().delete(name)
    show.line(f"Deleted {name}: nothing of it is kept.")


@group.command("adapt")
def adapt(switch: Annotated[str, typer.Argument(help="on or off.", metavar="on|off")], name: Named = None) -> None:
    """Let a profile go on learning from what it is used on, or stop it."""
    from dataclasses import replace

    from affetto.cli import show
    from affetto.voice.profiles import ProfileStore

    if switch not in ("on", "off"):
        raise OptionError(f"adapt {switch}: say on or off")
    profile = ProfileStore().update(_name(name), lambda one: replace(one, adapt=switch == "on"))
    show.line(f"{profile.name} {'goes on learning' if profile.adapt else 'stays as it is'}.")


@group.command("correct")
def correct(
    emotion: Annotated[str, typer.Argument(help="What was expressed in the last reading.")],
    name: Named = None,
    as_json: AsJson = False,
) -> None:
    """Say what the last reading should have been; after three such corrections readings follow."""
    from affetto.voice.profiles import ProfileStore

    _told(ProfileStore().correct(_name(name), emotion), f"Noted: {emotion}.", as_json=as_json)


@group.command("undo")
def undo(name: Named = None, as_json: AsJson = False) -> None:
    """Take the last correction back; readings are again as they were before it."""
    from affetto.voice.profiles import ProfileStore

    _told(ProfileStore().undo(_name(name)), "Taken back.", as_json=as_json)


def _told(profile: "VoiceProfile", done: str, *, as_json: bool) -> None:
    from affetto.cli import show

    if as_json:
        print(json.dumps(profile.summary()))
    else:
        show.line(f"{done} {profile.name}: {profile.effect}.")


def _name(name: str | None) -> str:
    """The profile that is meant."""
    from affetto.voice.profiles import ProfileStore

    if name is not None:
        return name
    names = ProfileStore().names()
    if len(names) == 1:
        return names[0]
    if not names:
        raise ProfileError("no voice profile yet; make one with 'affetto voice enrol'")
    raise ProfileError(f"several voice profiles; say which: {', '.join(names)}")


def _load(name: str | None) -> "VoiceProfile":
    from affetto.voice.profiles import ProfileStore

    return ProfileStore().load(_name(name))


def _of_files(files: Iterable[Path]) -> Iterator["Utterance"]:
    from affetto.voice.audio import AudioFile
    from affetto.voice.enrolment import spoken

    for file in files:
        yield from spoken(AudioFile(file))


def _of_microphone(device: str | None, progress: "Hook") -> Iterator["Utterance"]:
    from affetto.voice.enrolment import ENOUGH_SECONDS, spoken
    from affetto.voice.microphone import stream_microphone

    sound: Iterator[Samples] = stream_microphone(seconds=_LONGEST, device=device)
    yield from spoken(sound, enough=ENOUGH_SECONDS, progress=progress)


@contextmanager
def _meter(*, quiet: bool) -> Generator["Hook"]:
    """How much speech there is of what is needed."""
    from rich.progress import BarColumn, Progress, TextColumn

    from affetto.cli import show
    from affetto.voice.enrolment import ENOUGH_SECONDS

    bar = Progress(
        TextColumn("speech"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} s"),
        console=show.error_console,
        transient=True,
        disable=quiet or not show.error_console.is_terminal,
    )
    with bar:
        task = bar.add_task("speech", total=ENOUGH_SECONDS)
        yield lambda seconds: bar.update(task, completed=min(seconds, ENOUGH_SECONDS))


def _show_cues(profile: "VoiceProfile") -> None:
    from affetto.cli import show
    from affetto.voice.cues import CUES

    known: list[Any] = [(name, own) for name, own in profile.heard.cues.items() if name in CUES]
    if known:
        rows = [(f"  {name}", f"{own.mean:.1f}", f"± {own.variance**0.5:.1f}", CUES[name].unit) for name, own in known]
        show.table(("  usual voice", "mean", "spread", "unit"), rows)
