"""``affetto listen``: the same from the microphone."""

from typing import Annotated

import typer

from affetto.cli.hear import AsJson, Explain, Intention, Length, NoPlaylist, Save, Seed, Strategy, answer, check

__all__ = ["register"]


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
    save: Save = None,
    explain: Explain = False,
    seconds: Annotated[float, typer.Option("--seconds", min=1, max=60, help="Stop after this long.")] = 15.0,
    device: Annotated[str | None, typer.Option("--device", help="Name or number of the microphone.")] = None,
) -> None:
    """Listen to the microphone until you stop speaking, then read the voice and answer with a playlist."""
    from affetto.cli import show
    from affetto.voice.microphone import record_utterance

    request = {"intent": intent, "length": length, "strategy": strategy, "seed": seed}
    check(request, save, no_playlist=no_playlist)
    if not as_json:
        show.line("Listening: speak, then pause.")
    samples = record_utterance(seconds=seconds, device=device)
    answer(
        samples,
        request=None if no_playlist else request,
        name="microphone",
        as_json=as_json,
        save=save,
        explain=explain,
    )
