"""What the server says in English is said in every language of the page."""

import re

import numpy as np
import pytest

from affetto.affect import EMOTIONS, Affect
from affetto.music import tables
from affetto.music.words import pace_word
from affetto.recommendation import recommend
from affetto.recommendation.intent import INTENTS, chosen_plan, default_plan
from affetto.server.pages.words import LANGUAGES, sayings
from affetto.voice.audio import RATE
from affetto.voice.cues import CUES
from affetto.voice.reading import Reading
from affetto.voice.recognizer import Recognizer

OTHERS = [language for language in LANGUAGES if language != "en"]
NUMBER = re.compile(r"[+-]?[\d.]+( dB| %| bpm)?")


def unsaid(text: str, language: str) -> list[str]:
    """The parts of a sentence that a language does not put in its own words, as ``sayings.js`` takes it apart."""
    for english in sayings(language):
        parts = re.split(r"\{(\w+)\}", english)
        pattern = "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
        if found := re.fullmatch(pattern, text):
            return [part for value in found.groups() for part in unsaid(value, language)]
    return [] if NUMBER.fullmatch(text) else [text]


@pytest.mark.parametrize("language", OTHERS)
def test_a_saying_keeps_its_blanks(language: str) -> None:
    for english, other in sayings(language).items():
        assert other.strip() == other != "", english
        assert sorted(re.findall(r"\{\w+\}", other)) == sorted(re.findall(r"\{\w+\}", english)), english
        assert re.sub(r"\{\w+\}", "", english).strip(), "a saying of blanks alone would fit everything"


@pytest.mark.parametrize("language", OTHERS)
def test_cues_are_said(language: str) -> None:
    for kind in CUES.values():
        for difference in (-2.6, -1.0, 1.0, 12.0):
            for usual in (False, True):
                assert unsaid(kind.words(difference, usual=usual), language) == []


@pytest.mark.parametrize("language", OTHERS)
def test_words_for_moods_are_said(language: str) -> None:
    words = [*tables.words(), *tables.feels(), *EMOTIONS, *map(pace_word, (None, 60, 100, 120, 150))]
    assert [word for word in words if unsaid(str(word), language)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_why_there_is_no_reading_and_the_plans_are_said(language: str) -> None:
    recognizer, noise = Recognizer(), np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    silent = recognizer.read(np.zeros(RATE))
    refused = [silent, *(recognizer.read_window(noise, seconds=seconds) for seconds in (0.3, 1.0))]
    assert len({reading.reason for reading in refused}) == 3
    assert [part for reading in refused for part in unsaid(reading.reason or "", language)] == []
    even = Reading(probabilities=dict.fromkeys(EMOTIONS, 1 / 8), seconds=2.0)
    plans = [default_plan(start) for start in (*EMOTIONS, *refused, even)]
    plans += [chosen_plan([intent], before=before) for intent in INTENTS for before in (None, *EMOTIONS)]
    plans.append(chosen_plan(list(INTENTS)[:3]))
    assert [part for plan in plans for part in unsaid(plan.explanation, language)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_reasons_of_tracks_are_said(language: str) -> None:
    starts = [*EMOTIONS, Affect(-0.9, 0.9), Affect(0.9, -0.9), Affect(0.0, 0.0, ((0.3, 0.0), (0.0, 0.3)))]
    playlists = [recommend(start, intent=intent, length=20, seed=1) for start in starts for intent in INTENTS]
    reasons = {
        (reason, item.track.genre.casefold()) for made in playlists for item in made.items for reason in item.reasons
    }
    assert len(reasons) > 200
    assert [part for reason, genre in reasons for part in unsaid(reason, language) if part != genre] == []


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize(
    "reason",
    [
        "you liked one by this artist",
        "you liked six by this artist",
        "you liked 12 by this artist",
        "you liked it before",
        "you like this artist",
        "sounds like what you like",
        "others who like what you like also like this artist",
        "others who listen here like it",
        "new to you, to find out whether you like it",
    ],
)
def test_reasons_of_taste_are_said(language: str, reason: str) -> None:
    assert unsaid(reason, language) == []
    assert unsaid("you like folk", language) == ["folk"]
