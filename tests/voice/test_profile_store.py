"""Where profiles lie: whole or not at all, for their owner alone, and believed only when checked."""

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import OptionError, ProfileError
from affetto.voice.correction import MOST_CORRECTIONS, Correction
from affetto.voice.memory import Heard, Moments, Trace
from affetto.voice.profile import VoiceProfile
from affetto.voice.profiles import ProfileStore, parse_profile, profile_text, read_profile
from affetto.voice.reading import Reading

SHARES = (0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)
HEARD = Heard(seconds=14.2, model="abc", embedding=(0.1, -2.5), weight=14.0, cues={"pitch": Moments(13.0, 12.5, 2.0)})
PROFILE = replace(
    VoiceProfile.of("anna", HEARD),
    corrections=(
        Correction(emotion=Emotion.CALM, probabilities=SHARES, model="abc", when="2026-01-02T03:04:05+00:00"),
    ),
    last=Trace(model="abc", probabilities=SHARES, heard=Heard(seconds=3.0)),
)


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path / "profiles")


def reading(p: float = 0.9) -> Reading:
    probabilities = dict.fromkeys(EMOTIONS, (1 - p) / 7) | {Emotion.SAD: p}
    trace = Trace(model="abc", probabilities=tuple(probabilities[e] for e in EMOTIONS), heard=HEARD)
    return Reading(probabilities=probabilities, seconds=3.0, trace=trace)


def test_a_profile_comes_back_as_it_was_kept(store: ProfileStore) -> None:
    assert store.names() == ()
    assert store.sole() is None
    store.save(PROFILE)
    assert store.load("anna") == PROFILE == parse_profile(profile_text(PROFILE), source="text")
    assert store.sole() == "anna"
    store.save(replace(PROFILE, name="Jörg-2"))
    assert set(store.names()) == {"anna", "Jörg-2"}
    assert store.sole() is None


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_only_its_owner_may_read_it_and_nothing_else_is_left(store: ProfileStore) -> None:
    store.save(PROFILE)
    store.save(PROFILE)
    path = store.folder / "anna.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert {file.name for file in store.folder.iterdir()} == {"anna.json", ".lock"}


def test_a_profile_that_is_not_there_is_said_to_be_missing(store: ProfileStore) -> None:
    with pytest.raises(ProfileError, match="no voice profile 'anna'; make one with 'affetto voice enrol --name anna'"):
        store.load("anna")
    store.save(PROFILE)
    for call in (store.load, store.delete, store.undo):
        with pytest.raises(ProfileError, match="no voice profile 'bob'; there is anna"):
            call("bob")
    store.delete("anna")
    assert store.names() == ()


@pytest.mark.parametrize("name", ["", "../anna", "a/b", ".anna", "-x", "a" * 41, "a\0b", "a b", "CON:", "anna.json"])
def test_a_name_is_never_a_way_out_of_the_folder(store: ProfileStore, name: str) -> None:
    for call in (store.load, store.delete, store.has):
        with pytest.raises(ProfileError, match="give letters, digits, - and _"):
            call(name)
    with pytest.raises(ProfileError):
        store.save(replace(PROFILE, name=name))


def changed(**parts: object) -> str:
    return json.dumps({**json.loads(profile_text(PROFILE)), **parts})


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "null", "[" * 100_000, "\0", '{"affetto_profile": 1}',
        changed(affetto_profile=2), changed(name="../x"), changed(name=3), changed(sound=[0.1]), changed(adapt="maybe"),
        changed(created="yesterday"), changed(updated="<b>"), changed(heard={"seconds": -1}),
        changed(heard={"seconds": 1e300}), changed(heard={"embedding": [0.0] * 5_000}),
        changed(heard={"embedding": ["a"]}), changed(heard={"cues": {"pitch": {"weight": 1}}}),
        changed(corrections=[{"emotion": "bored", "probabilities": SHARES, "model": "a", "when": PROFILE.created}]),
        changed(corrections=[{"emotion": "sad", "probabilities": SHARES[1:], "model": "a", "when": PROFILE.created}]),
        changed(corrections=json.loads(profile_text(PROFILE))["corrections"] * (MOST_CORRECTIONS + 1)),
        changed(last={"model": "a", "probabilities": [2.0] * 8, "seconds": 1}),
        profile_text(PROFILE).replace("14.2", "NaN"), profile_text(PROFILE).replace("14.2", "1e999"),
    ],
)  # fmt: skip
def test_what_is_no_profile_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "strange.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError):
        read_profile(file)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(content: bytes) -> None:
    with pytest.raises(ProfileError):
        parse_profile(content, source="bytes")


def test_odd_files_are_refused(store: ProfileStore, tmp_path: Path) -> None:
    store.save(PROFILE)
    path = store.folder / "anna.json"
    huge = tmp_path / "huge.json"
    huge.write_text(" " * ((1 << 20) + 1), encoding="utf-8")
    with pytest.raises(ProfileError, match="larger than"):
        read_profile(huge)
    with pytest.raises(ProfileError, match=r"none\.json"):
        read_profile(tmp_path / "none.json")
    with pytest.raises(ProfileError):
        read_profile(tmp_path)
    path.unlink()
    path.symlink_to(huge)
    with pytest.raises(ProfileError):
        store.load("anna")


def test_the_name_is_that_of_the_file(store: ProfileStore) -> None:
    store.save(PROFILE)
    (store.folder / "anna.json").rename(store.folder / "bea.json")
    assert store.load("bea").name == "bea"
    assert read_profile(store.folder / "bea.json", name="carl").name == "carl"


def test_cues_of_another_version_are_passed_over() -> None:
    text = changed(heard={"cues": {"sparkle": {"weight": 1, "mean": 2, "variance": 3}}})
    assert dict(parse_profile(text, source="text").heard.cues) == {}


def test_the_last_reading_can_be_corrected_and_undone(store: ProfileStore) -> None:
    store.save(VoiceProfile.of("anna", HEARD))
    with pytest.raises(OptionError, match="no reading to correct"):
        store.correct("anna", "calm")
    store.remember("anna", reading())
    before = store.load("anna")
    with pytest.raises(ProfileError, match="emotion 'bored': choose neutral, calm"):
        store.correct("anna", "bored")
    assert store.correct("anna", "calm").corrections == store.load("anna").corrections != ()
    assert store.correct("anna", Emotion.HAPPY, reading=reading(0.8)).corrections[-1].emotion is Emotion.HAPPY
    store.undo("anna")
    assert replace(store.undo("anna"), updated="") == replace(before, updated="")


def test_processes_take_turns(store: ProfileStore) -> None:
    store.save(VoiceProfile.of("anna", HEARD))
    corrections = [reading(0.3 + place / 100) for place in range(40)]

    def work(part: list[Reading]) -> None:
        for one in part:
            ProfileStore(store.folder).correct("anna", "calm", reading=one)

    threads = [threading.Thread(target=work, args=(corrections[first::4],)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.load("anna").corrections) == 40


def test_a_profile_that_cannot_be_written_leaves_the_old_one(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(PROFILE)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ProfileError, match="No space left on device; choose another data_dir"):
        store.correct("anna", "sad", reading=reading())
    monkeypatch.undo()
    assert store.load("anna") == PROFILE
    assert {file.name for file in store.folder.iterdir()} == {"anna.json", ".lock"}
