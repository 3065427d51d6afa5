"""The command line: one file a command group."""

from affetto.cli.app import main

__all__ = ["main"]
