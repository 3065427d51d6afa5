"""``affetto corpus``."""

import json
import re
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import typer

from affetto.cli.corpus import corpus_app
from affetto.corpora import CORPORA
from tests.corpora.test_parsers import GOOD

Affetto = Callable[..., Any]
RATE = 16_000


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def speak(folder: Path, *names: str) -> Path:
    """A sound of its own for every name."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        time = np.arange(RATE // 2) / RATE
        soundfile.write(folder / name, 0.3 * np.sin(2 * np.pi * (150 + 10 * number) * time), RATE)
    return folder


@pytest.fixture
def emodb(tmp_path: Path) -> Path:
    return speak(tmp_path / "emodb", "03a01Fa.wav", "03a01Wa.wav", "08a02La.flac", "09b03Ta.wav")


def test_add_show_check_list_remove(affetto: Affetto, emodb: Path, tmp_path: Path) -> None:
    added = affetto("corpus", "add", "emodb", emodb)
    assert (added.code, added.out) == (0, f"Registered emodb: 4 clips, 3 speakers, {emodb}\n")
    shown = affetto("corpus", "show", "emodb", "--chart", tmp_path / "emodb.svg")
    assert shown.code == 0
    assert "Berlin Database of Emotional Speech (2005), 4 clips" in shown.out
    assert re.search(r"boredom +━+ +1\n", shown.out)
    assert "0.50 to 0.50 s" in shown.out
    assert (tmp_path / "emodb.svg").is_file()
    checked = affetto("corpus", "check", "emodb")
    assert checked.code == 0
    assert "cannot be read: none" in checked.out
    assert "the same sound under different labels: none" in checked.out
    listed = json.loads(affetto("corpus", "list", "--json").out)["corpora"]
    assert [one["name"] for one in listed] == list(CORPORA)
    assert {one["name"]: one["folder"] for one in listed}["emodb"] == str(emodb)
    assert "Berlin Database" in affetto("corpus", "list").out
    assert affetto("corpus", "remove", "emodb").code == 0
    assert affetto("corpus", "show", "emodb").code == 2
    assert affetto("corpus", "show", "emodb", "--dir", emodb).code == 0


@pytest.mark.parametrize("name", list(CORPORA))
def test_every_published_corpus_is_read_by_its_own_names(affetto: Affetto, tmp_path: Path, name: str) -> None:
    clips = {stem: facts for (corpus, stem), facts in GOOD.items() if corpus == name}
    folder = speak(
        tmp_path / name, *(f"{stem}{suffix}" for stem, suffix in zip(clips, cycle([".wav", ".flac", ".ogg"])))
    )
    added = json.loads(affetto("corpus", "add", name, folder, "--json").out)
    assert (added["registered"], added["clips"], added["malformed"]) == (True, len(clips), [])
    shown = json.loads(affetto("corpus", "show", name, "--json").out)
    assert shown["speakers"] == Counter(facts.speaker for facts in clips.values())
    assert shown["labels"] == Counter(facts.label for facts in clips.values())
    assert sum(shown["emotions"].values()) == len(clips)
    assert affetto("corpus", "check", name).code == 0
    speak(folder, "no name of any corpus.wav")
    again = affetto("corpus", "check", name)
    assert again.code == 2
    assert "not understood: no name of any corpus.wav" in again.err


def test_json_says_all_that_the_text_says(affetto: Affetto, emodb: Path, tmp_path: Path) -> None:
    added = json.loads(affetto("corpus", "add", "emodb", emodb, "--json").out)
    assert (added["registered"], added["clips"], added["malformed"]) == (True, 4, [])
    shown = json.loads(affetto("corpus", "show", "emodb", "--json").out)
    assert shown["emotions"] == {"happy": 1, "sad": 1, "angry": 1, "none of the eight": 1}
    assert shown["speakers"] == {"03": 2, "08": 1, "09": 1}
    assert shown["seconds"]["total"] == pytest.approx(2.0)
    checked = json.loads(affetto("corpus", "check", "emodb", "--json", "--chart", tmp_path / "c.png").out)
    assert checked["unreadable"] == checked["same_sound"] == []
    assert checked["levels"]["count"] == 4
    assert (tmp_path / "c.png").is_file()


def test_what_is_not_understood_is_listed_in_full_and_refused(affetto: Affetto, emodb: Path, data: Path) -> None:
    speak(emodb, *(f"odd-{number}.wav" for number in range(8)))
    refused = affetto("corpus", "add", "emodb", emodb)
    assert refused.code == 2
    assert all(f"not understood: odd-{number}.wav (expected" in refused.err for number in range(8))
    assert "emodb is not registered: 8 file name(s) not understood; mend them, or leave them out" in refused.err
    assert not (data / "corpora.json").exists()
    told = affetto("corpus", "add", "emodb", emodb, "--json")
    assert told.code == 2
    assert [one["file"] for one in json.loads(told.out)["malformed"]] == [f"odd-{number}.wav" for number in range(8)]
    assert affetto("corpus", "check", "emodb", "--dir", emodb).code == 2
    accepted = affetto("corpus", "add", "emodb", emodb, "--skip-malformed")
    assert accepted.code == 0
    assert "not understood: odd-7.wav" in accepted.err
    assert affetto("corpus", "check", "emodb").code == 0


def test_copies_and_the_other_channel_are_told(affetto: Affetto, tmp_path: Path) -> None:
    names = ("a/03-01-05-01-01-01-01.wav", "b/03-01-05-01-01-01-01.wav", "03-02-05-01-01-01-01.wav")
    added = affetto("corpus", "add", "ravdess", speak(tmp_path / "r", *names))
    assert added.code == 0
    assert "1 clips" in added.out
    assert "copy: b/03-01-05-01-01-01-01.wav (of a/03-01-05-01-01-01-01.wav)" in added.err
    assert "left to ravdess-song: 1 files; register them with 'affetto corpus add ravdess-song" in added.err
    only = affetto("corpus", "add", "ravdess", speak(tmp_path / "s", "03-02-05-01-01-01-01.wav"))
    assert only.code == 2
    assert "there is no clip of it; give another folder" in only.err


def test_check_finds_what_is_wrong_with_the_sound(affetto: Affetto, emodb: Path) -> None:
    (emodb / "10a01Na.wav").write_bytes((emodb / "03a01Fa.wav").read_bytes())
    (emodb / "11a01Na.wav").write_bytes(b"not sound")
    soundfile.write(emodb / "12a01Na.wav", np.zeros(RATE), RATE)
    checked = affetto("corpus", "check", "emodb", "--dir", emodb)
    assert checked.code == 2
    assert re.search(r"cannot be read: 1\n    11a01Na\.wav: ", checked.out)
    assert "silent, peak below -60 dBFS: 1\n    12a01Na.wav" in checked.out
    assert "03a01Fa.wav (happy), 10a01Na.wav (neutral)" in checked.out
    assert "03a01Fa.wav (03), 10a01Na.wav (10)" in checked.out
    assert "the length of 1 clips cannot be read" in checked.out


def test_votes(affetto: Affetto, tmp_path: Path) -> None:
    folder = speak(tmp_path / "c", "1001_IEO_NEU_XX.wav", "1002_IEO_NEU_XX.wav")
    votes = tmp_path / "votes.csv"
    votes.write_text("FileName,VoiceVote\n1001_IEO_NEU_XX,N\n")
    added = affetto("corpus", "add", "cremad", folder, "--votes", votes)
    assert added.code == 0
    assert "votes of listeners for 1 of 2 clips" in added.out
    assert "votes of listeners for 1 clips" in affetto("corpus", "show", "cremad").out


def test_a_table_of_ones_own(affetto: Affetto, tmp_path: Path) -> None:
    folder = speak(tmp_path / "mine", "1.wav", "2.wav")
    table = folder / "t.csv"
    table.write_text("file,label,speaker\n1.wav,joy,x\n2.wav,bored,y\n")
    common = ("corpus", "add", "mine", folder, "--kind", "csv", "--table", table, "--column", "path=file")
    unknown = affetto(*common)
    assert unknown.code == 2
    assert "label 'bored' is not one of the eight" in unknown.err
    added = affetto(*common, "--label", "bored=boredom", "--language", "sv", "--licence", "CC0 1.0", "--title", "Mine")
    assert (added.code, added.out) == (0, f"Registered mine: 2 clips, 2 speakers, {folder}\n")
    assert "Mine, 2 clips" in affetto("corpus", "show", "mine").out
    assert affetto(*common, "--label", "bored=boredom", "--no-speakers").code == 2


def test_folders_of_ones_own(affetto: Affetto, tmp_path: Path) -> None:
    folder = speak(tmp_path / "f", *(f"{label}/spk{n:02}.wav" for label in ("sad", "happy") for n in range(40)))
    added = affetto("corpus", "add", "f", folder, "--kind", "folder", "--speaker-pattern", r"(?P<speaker>spk\d+)")
    assert added.code == 0, added.err
    assert "40 speakers, 2 to 2 clips each" in affetto("corpus", "show", "f").out
    nameless = affetto("corpus", "add", "g", folder, "--kind", "folder", "--no-speakers")
    assert "80 clips, speakers not known" in nameless.out
    assert "protocols that part speakers refuse" in nameless.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "emdb", "."), "did you mean 'emodb'?; for one of your own"),
        (("add", "emodb", "nowhere"), "nowhere is not a folder"),
        (("add", "emodb", ".", "--label", "a=b"), "--label goes with a corpus of your own"),
        (("add", "emodb", ".", "--no-speakers"), "--no-speakers goes with a corpus of your own"),
        (("add", "emodb", ".", "--votes", "v.csv"), "--votes goes with cremad, not with emodb"),
        (("add", "mine", ".", "--kind", "csv", "--votes", "v.csv"), "--votes goes with cremad"),
        (("add", "emodb", ".", "--kind", "folder"), "is the name of a published corpus"),
        (("add", "My Corpus", ".", "--kind", "folder"), "give small letters"),
        (("add", "mine", ".", "--kind", "folder", "--table", "t.csv"), "--table and --column go with --kind csv"),
        (("add", "mine", ".", "--kind", "csv"), "needs its table"),
        (("add", "mine", ".", "--kind", "folder"), "nothing tells who speaks"),
        (("add", "mine", ".", "--kind", "folder", "--language", "English"), "not an ISO 639-1 code"),
        (("add", "mine", ".", "--kind", "folder", "--label", "joy"), "give two words joined by ="),
        (("show", "emodb"), "say where it is with 'affetto corpus add emodb DIR'"),
        (("check", "iemocap"), "unknown corpus 'iemocap'"),
        (("show", "emodb", "--dir", ".", "--chart", "a.gif"), "a chart is one of"),
        (("remove", "emodb"), "not registered"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    affetto: Affetto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = affetto("corpus", *arguments)
    assert outcome.code == 2
    assert message in outcome.err
    assert len(outcome.err.splitlines()) == 1, outcome.err


def test_every_option_is_in_the_reference_and_no_other() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    section = text.split("\n## affetto corpus\n", 1)[1].split("\n## ")[0]
    documented: set[tuple[str, str]] = set(re.findall(r"^\| `(\w+)` \| `(--[a-z-]+)", section, re.MULTILINE))
    group: Any = typer.main.get_command(corpus_app)
    real = {
        (name, option)
        for name, command in group.commands.items()
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--")
    }
    assert documented == real - {(name, "--help") for name in group.commands}
