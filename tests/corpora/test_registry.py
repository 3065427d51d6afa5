"""Registered corpora: published ones, tables and folders of one's own."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from affetto.affect import Emotion
from affetto.corpora import CORPORA, corpus_names, find_corpus, load_corpora, load_table
from affetto.corpora.generic import Layout, build_corpus, has_column, labels_of, resolve_labels
from affetto.corpora.labels import map_labels
from affetto.corpora.registry import Registration, find_published, forget, register, registrations
from affetto.corpora.table import scan_corpus, survey_corpus
from affetto.errors import AffettoError, CorpusError


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def table(folder: Path, text: str) -> Layout:
    (folder / "table.csv").write_text(text, encoding="utf-8")
    return Layout(kind="csv", table=folder / "table.csv")


def test_a_published_corpus_is_found_where_it_was_registered(tmp_path: Path, data: Path) -> None:
    assert registrations() == {}
    elsewhere = touch(tmp_path / "somewhere", "03a01Wa.wav")
    register("emodb", Registration(folder=elsewhere))
    assert [clip.path for clip in load_corpora(("emodb",))] == [elsewhere / "03a01Wa.wav"]
    assert [clip.path for clip in load_corpora(("emodb",), tmp_path)] == [elsewhere / "03a01Wa.wav"]
    below = touch(tmp_path / "root", "emodb/16b10La.wav")
    assert [clip.stem for clip in load_corpora(("emodb",), below)] == ["16b10La"]  # a folder below the root goes first
    assert json.loads((data / "corpora.json").read_text())["version"] == 1
    assert [path.name for path in data.iterdir()] == ["corpora.json"]
    forget("emodb")
    assert registrations() == {}
    with pytest.raises(
        CorpusError, match=r"emodb: not registered; say where it is with 'affetto corpus add emodb DIR'"
    ):
        load_corpora(("emodb",))
    with pytest.raises(CorpusError, match="'emodb' is not registered; registered are none"):
        forget("emodb")


def test_malformed_names_are_left_out_only_when_asked_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = touch(tmp_path / "x", "03a01Wa.wav", "odd.wav")
    register("emodb", Registration(folder=folder))
    with pytest.raises(CorpusError, match=r"1 file name\(s\) not understood: odd\.wav"):
        load_corpora(("emodb",))
    register("emodb", Registration(folder=folder, skip_malformed=True))
    assert [clip.stem for clip in load_corpora(("emodb",))] == ["03a01Wa"]
    assert "odd.wav" in caplog.text


def test_votes_come_with_the_clips(tmp_path: Path) -> None:
    folder = touch(tmp_path / "c", "1001_IEO_NEU_XX.wav", "1040_ITH_SAD_X.wav", "1002_IEO_NEU_XX.wav")
    votes = tmp_path / "votes.csv"
    votes.write_text("FileName,VoiceVote\n1001_IEO_NEU_XX,N\n1040_ITH_SAD_XX,N:S\n")
    register("cremad", Registration(folder=folder, votes=votes))
    clips = load_corpora(("cremad",))
    assert [clip.perceived for clip in clips] == [(1, 0, 0, 0, 0, 0, 0, 0), None, (0.5, 0, 0, 0.5, 0, 0, 0, 0)]
    votes.write_text("FileName,VoiceVote\n1099_IEO_NEU_XX,N\n")
    with pytest.raises(CorpusError, match=r"none is about a clip such as 1001_IEO_NEU_XX"):
        load_corpora(("cremad",))


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"version": 2}', '{"corpora": {"a": {"folder": 1}}}', '{"corpora": {}, "more": 1}']
)
def test_a_damaged_registry(data: Path, text: str) -> None:
    data.mkdir()
    (data / "corpora.json").write_text(text)
    with pytest.raises(CorpusError, match=r"registered corpora .*corpora\.json: .*; mend it") as caught:
        registrations()
    assert len(str(caught.value).splitlines()) == 1


def test_a_registry_that_cannot_be_written_leaves_nothing_half_written(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register("emodb", Registration(folder=tmp_path))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CorpusError, match="No space left on device; set AFFETTO_DATA_DIR"):
        register("nemo", Registration(folder=tmp_path))
    assert [path.name for path in data.iterdir()] == ["corpora.json"]
    assert registrations().keys() == {"emodb"}


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(CorpusError, match=r"unknown corpus 'cremd'; known are ravdess, .*; did you mean 'cremad'"):
        find_corpus("cremd")
    with pytest.raises(CorpusError, match="for one of your own give --kind"):
        find_published("mine")
    with pytest.raises(CorpusError, match="not a published corpus"):
        Registration(folder=Path()).corpus("mine")
    assert find_published("emodb") is find_corpus("emodb") is CORPORA["emodb"]
    assert corpus_names() == tuple(CORPORA)


def test_a_folder_for_each_label(tmp_path: Path) -> None:
    folder = touch(tmp_path / "mine", "Joy/spk1_01.wav", "Joy/spk2_01.mp3", "bored/spk1_02.wav", "Joy/notes.txt")
    layout = Layout(kind="folder", speaker_pattern=r"(?P<speaker>spk\d)_")
    assert labels_of(layout, folder, name="mine") == ("Joy", "bored")
    labels = resolve_labels(layout, folder, {"bored": "boredom"}, name="mine")
    corpus = build_corpus("mine", layout, labels, language="en")
    assert (corpus.targets, corpus.licence, corpus.title) == (("happy", "boredom"), "not stated", "mine")
    clips = scan_corpus(corpus, folder)
    assert [(clip.speaker, clip.target, clip.emotion, clip.language) for clip in clips] == [
        ("spk1", "happy", Emotion.HAPPY, "en"),
        ("spk2", "happy", Emotion.HAPPY, "en"),
        ("spk1", "boredom", None, "en"),
    ]
    touch(folder, "stray.wav", "new/spk1_01.wav", "Joy/nobody.wav")
    malformed = {path.name: why for path, why in survey_corpus(corpus, folder).malformed}
    assert malformed["stray.wav"] == "lies in no folder of a label"
    assert "finds nothing" in malformed["nobody.wav"]
    assert "not 'new'" in malformed["spk1_01.wav"]


def test_a_folder_without_sound(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="mine: no audio file below"):
        labels_of(Layout(kind="folder"), tmp_path, name="mine")
    with pytest.raises(CorpusError, match="mine: no audio file below"):
        scan_corpus(build_corpus("mine", Layout(kind="folder"), {"sad": "sad"}), tmp_path)


def test_a_table(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.wav", "a/2.wav", "b/3.wav")
    text = (
        "file,emotion,speaker,gender,language,corpus,intensity,sentence\n"
        "a/1.wav,anger,01,Female,de,x,high,s1\na/2.wav,Sadness,01,m,,y,,\nb/3.wav,calm,,,fr,x,,\n"
    )
    plain = table(tmp_path, text)
    layout = Layout(kind="csv", table=plain.table, columns={"path": "file", "label": "emotion"})
    assert has_column(layout, "speaker", name="mine")
    labels = resolve_labels(layout, tmp_path, {}, name="mine")
    assert labels == {"anger": "angry", "Sadness": "sad", "calm": "calm"}
    clips = scan_corpus(build_corpus("mine", layout, labels, language="en"), tmp_path)
    assert [(c.speaker, c.gender, c.target, c.language, c.intensity, c.sentence) for c in clips] == [
        ("x/01", "f", "angry", "de", "high", "s1"),
        ("y/01", "m", "sad", "en", "", ""),
        ("", "", "calm", "fr", "", ""),
    ]
    with pytest.raises(CorpusError, match=r"has no column 'path', only file, emotion.*--column path=NAME"):
        labels_of(plain, tmp_path, name="mine")
    with pytest.raises(CorpusError, match=r"--column colour=.*give one of path, label"):
        labels_of(Layout(kind="csv", table=plain.table, columns={"colour": "x"}), tmp_path, name="mine")


def test_rows_that_are_wrong_are_named_with_their_line(tmp_path: Path) -> None:
    folder = touch(tmp_path / "in", "1.wav", "2.wav")
    touch(tmp_path, "secret.wav")
    layout = table(
        folder, "path,label,gender\n1.wav,sad,\n1.wav,sad,\nnone.wav,sad,\n../secret.wav,sad,\n/etc/hosts,sad,\n,sad,\n"
        "2.wav,joy,\n2.wav,sad,maybe\n"
    )  # fmt: skip
    found = survey_corpus(build_corpus("mine", layout, {"sad": "sad"}), folder)
    assert [clip.path.name for clip in found.clips] == ["1.wav"]
    assert [why.split(":")[0] for _, why in found.malformed] == [f"line {line}" for line in range(3, 10)]
    reasons = " ".join(why for _, why in found.malformed)
    for part in ("named twice", "no such file", "does not lie below", "add it again", "give f, m or nothing"):
        assert part in reasons
    (folder / "table.csv").write_text("path,label\n")
    with pytest.raises(CorpusError, match="has no row"):
        survey_corpus(build_corpus("mine", layout, {"sad": "sad"}), folder)


def test_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="needs its table"):
        labels_of(Layout(kind="csv"), tmp_path, name="mine")
    with pytest.raises(CorpusError, match=r"none\.csv: .*; give a CSV file"):
        labels_of(Layout(kind="csv", table=tmp_path / "none.csv"), tmp_path, name="mine")


@pytest.mark.parametrize(("pattern", "message"), [("(", "missing \\)"), ("spk", "has no group")])
def test_a_speaker_pattern_that_finds_no_speaker(pattern: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        build_corpus("mine", Layout(kind="folder", speaker_pattern=pattern), {})


def test_labels_are_never_guessed() -> None:
    assert map_labels(["Fear", "zen"], {"zen": "calm"}, corpus="m") == {"Fear": "fearful", "zen": "calm"}
    with pytest.raises(
        CorpusError, match=r"label 'hapy' is not one of the eight; .*--label hapy=happy.*--label hapy=hapy"
    ):
        map_labels(["hapy", "sad"], {}, corpus="m")
    with pytest.raises(CorpusError, match=re.escape("(unknown too: b)")):
        map_labels(["a", "b"], {}, corpus="m")
    with pytest.raises(CorpusError, match="no clip is labelled 'Joi'; did you mean 'Joy'"):
        map_labels(["Joy"], {"Joi": "happy"}, corpus="m")
    with pytest.raises(CorpusError, match="no clip is labelled 'xyz'; there are Joy"):
        map_labels(["Joy"], {"xyz": "happy"}, corpus="m")


def test_one_of_ones_own_is_loaded_by_its_name(tmp_path: Path) -> None:
    folder = touch(tmp_path / "mine", "sad/1.wav")
    register("mine", Registration(kind="folder", folder=folder, labels={"sad": "sad"}, title="Mine", language="sv"))
    assert corpus_names() == (*CORPORA, "mine")
    assert find_corpus("mine").title == "Mine"
    (clip,) = load_corpora(("mine",), tmp_path / "root")
    assert (clip.corpus, clip.speaker, clip.target, clip.language) == ("mine", "", "sad", "sv")


def test_copies_and_other_corpora_are_told_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    names = ("AudioMP3/03-01-05-01-01-01-01.mp3", "AudioWAV/03-01-05-01-01-01-01.wav", "._03-01-05-01-01-01-01.wav")
    folder = touch(tmp_path, *names, "03-02-05-01-01-01-01.wav")
    found = survey_corpus(CORPORA["ravdess"], folder)
    assert [clip.path for clip in found.clips] == [folder / names[1]]  # the lossless one
    assert found.copies == ((folder / names[0], folder / names[1]),)
    assert found.elsewhere == ((folder / "03-02-05-01-01-01-01.wav", "ravdess-song"),)
    assert found.malformed == ()
    assert len(scan_corpus(CORPORA["ravdess"], folder)) == 1
    assert "is a copy of" in caplog.text
    only_song = touch(tmp_path / "song", "03-02-05-01-01-01-01.wav")
    with pytest.raises(CorpusError, match="only files of other corpora"):
        scan_corpus(CORPORA["ravdess"], only_song)


def test_a_pandas_table(tmp_path: Path) -> None:
    touch(tmp_path, "emodb/03a01Wa.wav", "emodb/08a02La.wav")
    frame = load_table("emodb", tmp_path)
    assert list(frame.columns) == [
        "path", "corpus", "speaker", "gender", "emotion", "label", "intensity", "sentence", "language", "seconds",
    ]  # fmt: skip
    assert list(frame["label"]) == ["angry", "boredom"]
    assert list(frame["emotion"].isna()) == [False, True]
    assert frame["seconds"].isna().all()  # empty files have no length


def test_a_pandas_table_without_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(AffettoError, match=r"needs an extra: pip install 'affetto\[train\]'"):
        load_table(("emodb",), tmp_path)


@pytest.mark.shared
def test_the_pandas_table_agrees_with_the_manifest(shared: Path) -> None:
    import pandas

    root = shared / "speech"
    manifest = pandas.read_csv(root / "manifest.csv", dtype=str, keep_default_na=False).set_index("path")
    frame = load_table(tuple(manifest["corpus"].unique()), str(root))
    frame["path"] = [os.path.relpath(path, root) for path in frame["path"]]
    both = frame.set_index("path").join(manifest.add_suffix("_published"), how="outer")
    assert len(both) == len(frame) == len(manifest)
    for column in ("corpus", "speaker", "gender", "label", "intensity", "sentence"):
        assert (both[column] == both[f"{column}_published"]).all(), column
    assert ((both["seconds"] - both["seconds_published"].astype(float)).abs() < 0.02).all()
