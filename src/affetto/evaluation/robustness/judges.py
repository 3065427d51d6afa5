"""Who judges which clip: the models of folds, each the clips it has not met, or one model for all."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from affetto.corpora import find_corpus, load_corpora, scan_corpus
from affetto.corpora.table import Clip, audio_files
from affetto.errors import CorpusError, ModelError
from affetto.evaluation.kept import KeptFold, TestedClip, read_kept

__all__ = ["Judge", "Recording", "judges_of_folds", "one_judge", "recordings_of", "sampled"]


@dataclass(frozen=True, slots=True)
class Recording:
    """A clip that is tested.

    Attributes:
        path: The recording.
        corpus: Its corpus, or ``""``.
        speaker: Its speaker, or ``""``.
        label: What the corpus states, or ``""``.
    """

    path: Path
    corpus: str = ""
    speaker: str = ""
    label: str = ""

    @classmethod
    def of(cls, clip: Clip) -> "Recording":
        """A clip of a corpus."""
        return cls(clip.path, clip.corpus, clip.speaker, clip.target)

    @property
    def stem(self) -> str:
        """File name without suffix."""
        return self.path.stem

    @property
    def name(self) -> str:
        """What it is known by, whatever the folder of all data."""
        return f"{self.corpus}/{self.speaker}/{self.path.stem}"


@dataclass(frozen=True, slots=True)
class Judge:
    """A model file and the clips it judges.

    Attributes:
        model: The ONNX file, or None for the one that ships.
        fold: Name of its fold, or ``""``.
        clips: What it judges.
    """

    model: Path | None
    fold: str
    clips: tuple[Recording, ...]

    @property
    def key(self) -> str:
        """Tells model files apart by their content."""
        shipped = resources.files("affetto.voice.weights").joinpath("affetto.onnx")
        try:
            return hashlib.sha256((self.model or shipped).read_bytes()).hexdigest()[:16]
        except OSError as error:
            raise ModelError(f"model {self.model}: {error.strerror}; give a file that 'affetto train' made") from error


def recordings_of(folder: Path, corpus: str = "") -> tuple[Recording, ...]:
    """Every recording below a folder.

    Args:
        folder: Where to look, at any depth.
        corpus: Whose clips they are, so that speakers and labels are known; ``""`` where nothing else is known.

    Raises:
        CorpusError: If there is none, or their names are not those of the corpus.
    """
    if corpus:
        return tuple(map(Recording.of, scan_corpus(find_corpus(corpus), folder)))
    files = audio_files(folder) if folder.is_dir() else []
    if not files:
        raise CorpusError(f"no audio file below {folder}; give a folder of recordings of voices")
    return tuple(Recording(path) for path in files)


def one_judge(model: Path | None, clips: Sequence[Recording]) -> tuple[Judge, ...]:
    """One model for all clips, whether it has met their speakers or not."""
    return (Judge(model, "", tuple(clips)),)


def judges_of_folds(
    folder: Path, *, data: Path | None, cache: Path, seed: int | None = None, protocol: str = ""
) -> tuple[Judge, ...]:
    """The models that ``affetto evaluate --keep-models`` kept, exported once, each with the clips of its fold.

    Args:
        folder: Where they are kept.
        data: Folder of all data, in place of their recipe's.
        cache: Folder of exported models and prepared examples.
        seed: Which seed's models; None for the first there is.
        protocol: Whose folds; ``""`` for the only ones there are.

    Raises:
        ModelError: If there are no such folds, or those of several protocols and none is named.
        CorpusError: If none of their clips is there.
    """
    kept = [one for one in read_kept(folder) if not protocol or one.protocol == protocol]
    protocols = sorted({one.protocol for one in kept})
    if len(protocols) != 1:
        found = ", ".join(protocols) or f"no protocol {protocol}"
        raise ModelError(f"{folder} holds folds of {found}; name one that is there with --protocol")
    seeds = sorted({one.seed for one in kept})
    chosen = seeds[0] if seed is None else seed
    folds = [one for one in kept if one.seed == chosen]
    if not folds:
        raise ModelError(f"{folder} holds no folds of seed {chosen}; there are {', '.join(map(str, seeds))}")
    known = _clips_of(folds, data)
    judges: list[Judge] = []
    for one in folds:
        # a protocol may test a clip in several folds; one judge is enough
        clips = tuple(known.pop(key) for key in sorted(one.tested) if key in known)
        if clips:
            judges.append(Judge(_exported(one, data, cache), one.fold, clips))
    if not judges:
        raise CorpusError(f"none of the clips that the folds of {folder} test is there; give their folder with --data")
    return tuple(judges)


def _clips_of(folds: Sequence[KeptFold], data: Path | None) -> dict[TestedClip, Recording]:
    from affetto.learning.store import read_saved

    of_recipe = read_saved(folds[0].model).recipe.data
    corpora = tuple(sorted({corpus for one in folds for corpus, _, _ in one.tested}))
    clips = load_corpora(corpora, (data or of_recipe.root) / of_recipe.speech)
    return {(clip.corpus, clip.speaker, clip.stem): Recording.of(clip) for clip in clips}


def _exported(one: KeptFold, data: Path | None, cache: Path) -> Path:
    facts = (one.model / "model.json").read_bytes()  # it holds the digests of the weights
    file = cache / "folds" / f"{hashlib.sha256(facts).hexdigest()[:16]}.onnx"
    if not file.is_file():
        from affetto.learning.families import load_model

        load_model(one.model, cache / "examples", data=data).export(file)
    return file


def sampled(judges: Sequence[Judge], per_speaker: int | None) -> tuple[Judge, ...]:
    """At most so many clips of each speaker, spread evenly over the labels; which ones depends on nothing but names.

    Args:
        judges: Who judges what.
        per_speaker: Clips of a speaker, or of a folder where nobody is named; None for all.
    """
    if per_speaker is None:
        return tuple(judges)
    return tuple(Judge(judge.model, judge.fold, _some(judge.clips, per_speaker)) for judge in judges)


def _some(clips: Sequence[Recording], per_speaker: int) -> tuple[Recording, ...]:
    turns: dict[tuple[str, str, str], int] = {}
    order: dict[str, tuple[int, str]] = {}
    for clip in sorted(clips, key=_shuffled):
        group = (clip.corpus, clip.speaker, clip.label)
        order[clip.name] = turns.get(group, 0), _shuffled(clip)
        turns[group] = turns.get(group, 0) + 1
    taken: dict[tuple[str, str], int] = {}
    chosen: set[str] = set()
    for clip in sorted(clips, key=lambda clip: order[clip.name]):
        group = (clip.corpus, clip.speaker)
        if taken.get(group, 0) < per_speaker:
            taken[group] = taken.get(group, 0) + 1
            chosen.add(clip.name)
    return tuple(clip for clip in clips if clip.name in chosen)


def _shuffled(clip: Recording) -> str:
    return hashlib.sha256(clip.name.encode()).hexdigest()
