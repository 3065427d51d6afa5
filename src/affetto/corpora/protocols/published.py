"""Divisions that others published, so that figures can be set beside theirs.

EmoBox: Ma et al. 2024, arXiv 2406.07162, github.com/emo-box/EmoBox. Luna-Jiménez et al. 2021, Sensors 21(22), 7665.
The tables beside this file hold which clips EmoBox tests, as facts, in as few words as possible.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources

from affetto.affect import Emotion
from affetto.corpora.protocols.fold import Fold, ProtocolOptions, leave_out
from affetto.corpora.table import Clip
from affetto.errors import CorpusError

__all__ = [
    "EMOBOX_RAVDESS",
    "emobox_cremad",
    "emobox_emodb",
    "emobox_ravdess",
    "emobox_savee",
    "emobox_tess",
    "luna_ravdess",
]

EMOBOX_RAVDESS = (
    ("01", "11", "20", "21"),
    ("04", "10", "12", "14"),
    ("08", "09", "19", "23"),
    ("03", "05", "07", "24"),
    ("02", "15", "16", "18"),
    ("06", "13", "17", "22"),
)
"""Test actors of the six RAVDESS folds of EmoBox."""

_LUNA_RAVDESS = (
    ("02", "05", "14", "15", "16"),
    ("03", "06", "07", "13", "18"),
    ("10", "11", "12", "19", "20"),
    ("08", "17", "21", "23", "24"),
    ("01", "04", "09", "22"),
)

_EMOBOX_SAVEE = (("JE",), ("KL",), ("DC",), ("JK",))

_TESS_WORDS = {
    Emotion.ANGRY: "angry",
    Emotion.DISGUST: "disgust",
    Emotion.FEARFUL: "fear",
    Emotion.HAPPY: "happy",
    Emotion.NEUTRAL: "neutral",
    Emotion.SURPRISED: "ps",
    Emotion.SAD: "sad",
}


def emobox_ravdess(clips: Sequence[Clip], options: ProtocolOptions | None = None) -> tuple[Fold, ...]:
    """Six folds, each testing four unseen actors; other corpora are learnt from in every fold."""
    del options
    return _by_speaker("emobox-ravdess", "ravdess", clips, [tuple(f"A{a}" for a in fold) for fold in EMOBOX_RAVDESS])


def luna_ravdess(clips: Sequence[Clip], options: ProtocolOptions | None = None) -> tuple[Fold, ...]:
    """Five folds, each testing four or five unseen actors; other corpora are learnt from in every fold."""
    del options
    return _by_speaker("luna-ravdess", "ravdess", clips, [tuple(f"A{a}" for a in fold) for fold in _LUNA_RAVDESS])


def emobox_savee(clips: Sequence[Clip], options: ProtocolOptions | None = None) -> tuple[Fold, ...]:
    """Four folds, each testing one unseen speaker; other corpora are learnt from in every fold."""
    del options
    return _by_speaker("emobox-savee", "savee", clips, _EMOBOX_SAVEE)


def emobox_emodb(clips: Sequence[Clip], options: ProtocolOptions | None = None) -> tuple[Fold, ...]:
    """Five folds of clips; every speaker is on both sides of each, as published."""
    del options
    return _by_clip("emobox-emodb", "emodb", clips, 5, lambda clip: _emodb_folds().get(clip.stem, ""))


def emobox_tess(clips: Sequence[Clip], options: ProtocolOptions | None = None) -> tuple[Fold, ...]:
    """One fold of 700 clips; both actresses are on both sides, as published."""
    del options
    return _by_clip("emobox-tess", "tess", clips, 1, lambda clip: "1" if _in_tess_test(clip) else "")


def emobox_cremad(clips: Sequence[Clip], options: ProtocolOptions | None = None) -> tuple[Fold, ...]:
    """One fold of 1,856 clips; every actor is on both sides, as published."""
    del options
    return _by_clip("emobox-cremad", "cremad", clips, 1, lambda clip: "1" if clip.stem in _cremad_test() else "")


def _needs(name: str, corpus: str, clips: Sequence[Clip]) -> None:
    if not any(clip.corpus == corpus for clip in clips):
        raise CorpusError(f"protocol {name} needs the corpus {corpus}; add it to data.corpora of the recipe")


def _by_speaker(name: str, corpus: str, clips: Sequence[Clip], folds: Sequence[tuple[str, ...]]) -> tuple[Fold, ...]:
    _needs(name, corpus, clips)
    return tuple(
        leave_out(str(number), clips, lambda clip, held=held: clip.corpus == corpus and clip.speaker in held)
        for number, held in enumerate(folds, start=1)
    )


def _by_clip(
    name: str, corpus: str, clips: Sequence[Clip], folds: int, fold_of: Callable[[Clip], str]
) -> tuple[Fold, ...]:
    _needs(name, corpus, clips)
    made: list[Fold] = []
    for number in map(str, range(1, folds + 1)):
        inside = [clip.corpus == corpus and fold_of(clip) == number for clip in clips]
        test = tuple(clip for clip, held in zip(clips, inside, strict=True) if held)
        made.append(
            Fold(number, tuple(clip for clip, held in zip(clips, inside, strict=True) if not held), test, leaky=True)
        )
    return tuple(made)


def _table(name: str) -> list[list[str]]:
    text = resources.files(__package__ or "").joinpath(name).read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


@cache
def _emodb_folds() -> dict[str, str]:
    return {f"{speaker}{clip}": fold for fold, speaker, *clips in _table("emobox-emodb.txt") for clip in clips}


@cache
def _tess_test() -> frozenset[tuple[str, str, str]]:
    return frozenset((who, emotion, word) for who, emotion, *words in _table("emobox-tess.txt") for word in words)


def _in_tess_test(clip: Clip) -> bool:
    if clip.emotion is None:
        return False
    return (clip.speaker, _TESS_WORDS.get(clip.emotion, ""), clip.sentence) in _tess_test()


@cache
def _cremad_test() -> frozenset[str]:
    return frozenset(f"{actor}_{rest}" for rest, *actors in _table("emobox-cremad.txt") for actor in actors)
