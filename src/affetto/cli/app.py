"""The ``affetto`` command and what all its commands share."""

import logging
import sys
from typing import Annotated

import typer

from affetto.cli import (
    compare,
    connect,
    corpus,
    evaluate,
    evaluate_gate,
    evaluate_profiles,
    evaluate_recommender,
    faithfulness,
    features,
    feedback,
    hear,
    library,
    listen,
    listeners,
    mood,
    moods,
    play,
    recommend,
    robustness,
    serve,
    train,
    tune,
    uncertainty,
    voice,
)
from affetto.errors import AffettoError
from affetto.version import __version__

__all__ = ["app", "main"]

_BAD_INPUT = 2

app = typer.Typer(
    name="affetto",
    help="Hears the emotion in a voice and answers with music.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (
    hear,
    listen,
    recommend,
    feedback,
    listeners,
    voice,
    moods,
    mood,
    library,
    play,
    connect,
    serve,
    train,
    evaluate,
    compare,
    uncertainty,
    evaluate_gate,
    evaluate_profiles,
    evaluate_recommender,
    robustness,
    faithfulness,
    tune,
    corpus,
    features,
):
    group.register(app)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"affetto {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Version.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what is done, to the error output.")] = False,
) -> None:
    del version
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr
    )


def main() -> None:
    """Runs the command line; bad input gives one clear line and exit code 2, never a traceback."""
    try:
        app()
    except AffettoError as error:
        print(f"affetto: {error}", file=sys.stderr)
        sys.exit(_BAD_INPUT)
