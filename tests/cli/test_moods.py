import json
from collections.abc import Callable
from typing import Any

import pytest

from affetto.affect import EMOTIONS

Affetto = Callable[..., Any]


def test_regions_are_listed_with_sizes_and_examples(affetto: Affetto) -> None:
    regions = [json.loads(line) for line in affetto("moods", "--json").out.splitlines()]
    assert sum(region["size"] for region in regions) >= 600
    assert all(region["examples"] for region in regions)
    assert sorted(e for region in regions for e in region["emotions"]) == sorted(EMOTIONS)
    text = affetto("moods").out
    assert all(region["name"].split(",")[0] in text for region in regions)


def test_the_number_of_regions_can_be_chosen(affetto: Affetto) -> None:
    assert len(affetto("moods", "--json", "--regions", 4).out.splitlines()) == 4


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_every_emotion_has_a_live_playlist(affetto: Affetto, emotion: str) -> None:
    assert affetto("moods", emotion).out.count("https://") >= 12
    assert len(json.loads(affetto("moods", emotion, "--json", "--length", 5).out)["tracks"]) == 5


def test_an_unknown_emotion_is_refused(affetto: Affetto) -> None:
    outcome = affetto("moods", "hapy")
    assert outcome.code == 2
    assert "did you mean happy" in outcome.err
