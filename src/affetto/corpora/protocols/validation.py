"""Clips to know by when to stop: of speakers who are neither learnt from nor tested."""

from collections.abc import Callable, Sequence

import numpy as np

from affetto.corpora.protocols.fold import person
from affetto.corpora.table import Clip
from affetto.errors import CorpusError

__all__ = ["validation_notes", "validation_split"]

_FEWEST = 3  # speakers; with two, one for validation would halve what is learnt from


def validation_split(
    clips: Sequence[Clip], *, share: float = 0.15, seed: int = 0
) -> tuple[tuple[Clip, ...], tuple[Clip, ...]]:
    """Divides clips into those to learn from and those to watch, corpus by corpus.

    Whole speakers are set aside. A corpus with fewer than three speakers gives whole sentences instead, and one without
    sentences single clips; :func:`validation_notes` says so.

    Args:
        clips: The training clips of a fold: no tested speaker is among them.
        share: About which share of each corpus is set aside.
        seed: Decides who.

    Returns:
        The clips to learn from, and those to watch.

    Raises:
        CorpusError: If ``share`` is not between 0 and 1, or nothing would be left to learn from.
    """
    if not 0 < share < 1:
        raise CorpusError(f"a share of {share:g} for validation; choose one between 0 and 1")
    rng = np.random.default_rng(seed)
    aside: set[int] = set()
    for corpus in sorted({person(clip)[0] for clip in clips}):
        places = [place for place, clip in enumerate(clips) if person(clip)[0] == corpus]
        group = _grouping([clips[place] for place in places])[1]
        names = [group(clips[place]) for place in places]
        wanted, taken = share * len(places), 0
        for name in rng.permutation(sorted(set(names)))[:-1]:  # one group at least is learnt from
            inside = [place for place, other in zip(places, names, strict=True) if other == name]
            if taken and taken + len(inside) / 2 > wanted:
                break
            aside.update(inside)
            taken += len(inside)
    if not aside:
        raise CorpusError(f"{len(clips)} clip(s) cannot be divided into clips to learn from and to watch")
    return (
        tuple(clip for place, clip in enumerate(clips) if place not in aside),
        tuple(clip for place, clip in enumerate(clips) if place in aside),
    )


def validation_notes(clips: Sequence[Clip]) -> tuple[str, ...]:
    """For each corpus that is not divided by speaker, how it is divided and why."""
    notes: list[str] = []
    for corpus in sorted({person(clip)[0] for clip in clips}):
        inside = [clip for clip in clips if person(clip)[0] == corpus]
        by, _ = _grouping(inside)
        if by != "speaker":
            count = len({clip.speaker for clip in inside if clip.speaker})
            notes.append(f"{corpus}: {count} speaker(s) to learn from, so clips to watch are set aside by {by}")
    return tuple(notes)


def _grouping(clips: Sequence[Clip]) -> tuple[str, Callable[[Clip], str]]:
    speakers = {clip.speaker for clip in clips}
    if len(speakers) >= _FEWEST and "" not in speakers:
        return "speaker", lambda clip: clip.speaker
    sentences = {clip.sentence for clip in clips}
    if len(sentences) >= _FEWEST and "" not in sentences:
        return "sentence", lambda clip: clip.sentence
    return "clip", lambda clip: str(clip.path)
