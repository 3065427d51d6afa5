"""What listeners heard in CREMA-D: shares of the eight emotions for each clip, from the published vote tables.

Two tables of github.com/CheyneyComputerScience/CREMA-D are read, told apart by their columns (described in the README
there). ``processedResults/tabulatedVotes.csv`` counts every answer; the numbers of its rows begin with 1 for sound
alone, 2 for pictures alone, 3 for both. ``processedResults/summaryTable.csv`` names the winner only: ``A:D`` is a tie,
which gives each of the tied emotions the same share.
"""

import csv
from pathlib import Path
from typing import Literal, TypeAlias

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import CorpusError

__all__ = ["Modality", "read_votes", "vote_key"]

Modality: TypeAlias = Literal["voice", "face", "both"]

_LETTERS = {
    "A": Emotion.ANGRY,
    "D": Emotion.DISGUST,
    "F": Emotion.FEARFUL,
    "H": Emotion.HAPPY,
    "N": Emotion.NEUTRAL,
    "S": Emotion.SAD,
}
_SUMMARY_COLUMNS: dict[Modality, str] = {"voice": "VoiceVote", "face": "FaceVote", "both": "MultiModalVote"}
_ROW_DIGITS: dict[Modality, str] = {"voice": "1", "face": "2", "both": "3"}
_LARGEST = 1_000_000  # answers to one clip: more is not a count


def vote_key(stem: str) -> str:
    """The name under which a clip stands in the votes: one recording lacks an X that its votes have."""
    return f"{stem}X" if stem.endswith("_X") else stem


def read_votes(path: Path, *, modality: Modality = "voice") -> dict[str, tuple[float, ...]]:
    """Shares of the eight emotions, in their order and adding up to 1, by the name of the clip.

    Args:
        path: ``tabulatedVotes.csv`` or ``summaryTable.csv``.
        modality: What the listeners were given.

    Raises:
        CorpusError: If the table cannot be read, is neither of the two, or a row in it is damaged.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = set(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"votes {path}: {error}; give tabulatedVotes.csv or summaryTable.csv of CREMA-D") from error
    name = next((column for column in ("fileName", "FileName") if column in columns), None)
    tabulated = _LETTERS.keys() <= columns and "" in columns
    if name is None or not (tabulated or _SUMMARY_COLUMNS[modality] in columns):
        raise CorpusError(f"votes {path}: not a vote table; give tabulatedVotes.csv or summaryTable.csv of CREMA-D")
    votes: dict[str, tuple[float, ...]] = {}
    for line, row in rows:
        if tabulated and not (row[""] or "").startswith(_ROW_DIGITS[modality]):
            continue
        key = vote_key(row[name] or "")
        try:
            counts = _counts(row) if tabulated else _winners(row[_SUMMARY_COLUMNS[modality]] or "")
            total = sum(counts.values())
            if not key or key in votes or not total:
                raise ValueError("no name" if not key else "named twice" if key in votes else "no vote")
        except (ValueError, KeyError) as error:
            raise CorpusError(f"votes {path}: line {line}, {key!r}: {error}; download the table again") from error
        votes[key] = tuple(counts.get(emotion, 0) / total for emotion in EMOTIONS)
    if not votes:
        raise CorpusError(f"votes {path}: no votes on {modality}; give tabulatedVotes.csv or summaryTable.csv")
    return votes


def _counts(row: dict[str, str]) -> dict[Emotion, int]:
    counts = {emotion: int(row[letter] or "") for letter, emotion in _LETTERS.items()}
    if not all(0 <= count <= _LARGEST for count in counts.values()):
        raise ValueError("a count is out of range")
    return counts


def _winners(vote: str) -> dict[Emotion, int]:
    return {_LETTERS[letter]: 1 for letter in vote.split(":")}
