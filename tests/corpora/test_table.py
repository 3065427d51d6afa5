"""Scanning a corpus on disk."""

import csv
from pathlib import Path

import pytest

from affetto.affect import Emotion
from affetto.corpora import CORPORA, load_corpora, scan_corpus
from affetto.errors import CorpusError


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_clips_are_found_in_any_folder_and_format_and_sorted(tmp_path: Path) -> None:
    touch(tmp_path, "b/03a01Wa.wav", "a/16b10La.FLAC", "a/deep/er/09b03Ta.opus", "readme.txt", "labels/03a01Wa.lab")
    clips = scan_corpus(CORPORA["emodb"], tmp_path)
    assert [clip.path.relative_to(tmp_path).as_posix() for clip in clips] == [
        "a/16b10La.FLAC",
        "a/deep/er/09b03Ta.opus",
        "b/03a01Wa.wav",
    ]
    assert [clip.stem for clip in clips] == ["16b10La", "09b03Ta", "03a01Wa"]
    assert [clip.emotion for clip in clips] == [None, Emotion.SAD, Emotion.ANGRY]
    assert {(clip.corpus, clip.language) for clip in clips} == {("emodb", "de")}


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"emodb: .*nowhere is not a folder; give the one that holds Berlin"):
        scan_corpus(CORPORA["emodb"], tmp_path / "nowhere")


def test_a_folder_without_audio(tmp_path: Path) -> None:
    touch(tmp_path, "03a01Wa.txt")
    with pytest.raises(CorpusError, match=r"emodb: no audio file below .*; is Berlin"):
        scan_corpus(CORPORA["emodb"], tmp_path)


def test_malformed_names_are_reported_together(tmp_path: Path) -> None:
    touch(tmp_path, "03a01Wa.wav", *(f"wav/odd {number}.wav" for number in range(7)))
    with pytest.raises(CorpusError) as caught:
        scan_corpus(CORPORA["emodb"], tmp_path)
    message = str(caught.value)
    assert message.startswith("emodb: 7 file name(s) not understood: ")
    for number in range(5):
        assert str(Path("wav", f"odd {number}.wav")) in message
    assert "such as 03a01Fa" in message
    assert message.endswith("; and 2 more")
    assert len(message.splitlines()) == 1


def test_several_corpora_lie_in_folders_of_their_names(tmp_path: Path) -> None:
    touch(tmp_path, "emodb/03a01Wa.wav", "nemo/samples/EB0_anger_1.wav")
    assert [clip.corpus for clip in load_corpora(("nemo", "emodb"), tmp_path)] == ["nemo", "emodb"]
    assert load_corpora((), tmp_path) == ()
    with pytest.raises(CorpusError, match="unknown corpus 'iemocap'; known are ravdess, tess, emodb, nemo, ased"):
        load_corpora(("emodb", "iemocap"), tmp_path)


@pytest.mark.shared
def test_the_table_agrees_with_the_manifest_on_every_clip(shared: Path) -> None:
    root = shared / "speech"
    with (root / "manifest.csv").open(encoding="utf-8", newline="") as file:
        manifest = {row["path"]: row for row in csv.DictReader(file)}
    names = tuple(dict.fromkeys(row["corpus"] for row in manifest.values()))
    clips = load_corpora(names, root)
    assert len(clips) == len(manifest) == 9_614
    for clip in clips:
        row = manifest[clip.path.relative_to(root).as_posix()]
        facts = (clip.corpus, clip.speaker, clip.gender, clip.label, clip.intensity, clip.sentence)
        assert facts == tuple(row[key] for key in ("corpus", "speaker", "gender", "label", "intensity", "sentence"))
        assert clip.emotion == (None if clip.label == "boredom" else Emotion(clip.label))
    for name in names:
        assert {clip.emotion for clip in clips if clip.corpus == name} - {None} == CORPORA[name].emotions
        assert {clip.target for clip in clips if clip.corpus == name} == set(CORPORA[name].targets)
