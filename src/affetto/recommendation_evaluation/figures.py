"""A figure with its interval and its target, and a report of figures."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

__all__ = ["Figure", "Report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number.

    Attributes:
        what: What it is of ("stay, deam, happy", "test").
        method: How it was come by ("ours", "random").
        metric: What was measured.
        value: The number.
        low: 2.5th percentile of it over draws; None where it does not vary.
        high: 97.5th percentile.
        target: What was aimed at; None for a number to compare with.
        at_least: Whether the target is a lower bound, else an upper one.
    """

    what: str
    method: str
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    target: float | None = None
    at_least: bool = True

    @property
    def kept(self) -> bool | None:
        """Whether the target is kept; None where there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures of one study.

    Attributes:
        study: Its name.
        command: What prints it again.
        facts: What it rests on: counts, seeds, choices.
        figures: The figures.
    """

    study: Literal["journeys", "situnes", "lastfm", "simulator"]
    command: str
    facts: dict[str, Any]
    figures: Sequence[Figure]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, numbers of four digits."""
        rows = [
            {
                key: round(value, 4) if isinstance(value, float) else value
                for key, value in asdict(figure).items()
                if value is not None and key != "at_least"
            }
            | ({} if figure.kept is None else {"kept": figure.kept})
            for figure in self.figures
        ]
        return {"study": self.study, "command": self.command, "facts": self.facts, "figures": rows}

    def write(self, folder: Path) -> Path:
        """Writes the report as ``STUDY.json`` into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.study}.json"
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")
        return path
