"""What `--json` prints is what the schema promises, and the schema promises enough to catch a mistake."""

import copy
import json
from importlib import resources

import pytest
from jsonschema import Draft202012Validator, ValidationError

from affetto.affect import EMOTIONS, Emotion
from affetto.recommendation import INTENTS, STRATEGIES, mood_playlist, recommend
from affetto.voice.explanation import Cue
from affetto.voice.reading import Reading

SCHEMA = json.loads(resources.files("affetto").joinpath("schemas/hear.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

CUE = Cue(name="pitch", value=21.4, unit="semitones", deviation=1.8, contribution=0.9, words="pitch 4 semitones higher")
ANGRY = Reading(probabilities={Emotion.ANGRY: 0.71, Emotion.HAPPY: 0.29}, seconds=2.4, cues=(CUE,))
ABSTAINED = Reading.abstain("only 0.3 s of speech, at least 0.5 s are needed", seconds=0.3)


def line(reading, *, explain=False, **options):
    """The object that `affetto hear --json` prints, through JSON and back."""
    result = {"file": "voice.wav", "reading": reading.to_dict()}
    if explain:
        result["reading"]["cues"] = [cue.to_dict() for cue in reading.cues]
    if options:
        result["playlist"] = recommend(reading, **options).to_dict()
    return json.loads(json.dumps(result))


def undescribed(value, schema, path=""):
    """Keys that the code gives and the schema does not describe."""
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        return [key for item in value for key in undescribed(item, schema["items"], f"{path}[]")]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    found = [f"{path}.{key}" for key in value if key not in schema["properties"]]
    for key, inner in value.items():
        if key in schema["properties"]:
            found += undescribed(inner, schema["properties"][key], f"{path}.{key}")
    return found


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_names_the_emotions_intents_and_strategies_of_the_code():
    assert SCHEMA["$defs"]["emotion"]["enum"] == [str(emotion) for emotion in EMOTIONS]
    assert SCHEMA["$defs"]["intent"]["enum"] == [str(intent) for intent in INTENTS]
    assert set(STRATEGIES) < set(SCHEMA["$defs"]["playlist"]["properties"]["strategy"]["enum"])


@pytest.mark.parametrize("reading", [ANGRY, ABSTAINED], ids=["angry", "abstained"])
def test_a_reading_alone_is_valid(reading):
    VALIDATOR.validate(line(reading))
    VALIDATOR.validate(line(reading, explain=True))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("reading", [ANGRY, ABSTAINED], ids=["angry", "abstained"])
def test_a_reading_with_its_playlist_is_valid_and_fully_described(reading, strategy):
    result = line(reading, explain=True, length=5, strategy=strategy, seed=1)
    VALIDATOR.validate(result)
    assert undescribed(result, SCHEMA) == []


@pytest.mark.parametrize("intent", list(INTENTS))
def test_every_intent_gives_a_valid_playlist(intent):
    VALIDATOR.validate(line(ANGRY, intent=intent, length=3, seed=1))


def test_a_live_playlist_is_valid():
    result = line(ANGRY) | {"playlist": mood_playlist("calm", length=3, seed=1).to_dict()}
    VALIDATOR.validate(json.loads(json.dumps(result)))


GOOD = line(ANGRY, explain=True, length=2, seed=1)


def changed(path, value):
    result = copy.deepcopy(GOOD)
    *way, last = path
    place = result
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return result


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["file"], None),
        (["reading"], None),
        (["reading", "seconds"], None),
        (["reading", "emotion"], "bored"),
        (["reading", "probabilities", "sad"], None),
        (["reading", "probabilities", "bored"], 0.1),
        (["reading", "probabilities", "sad"], 1.2),
        (["reading", "valence"], -1.1),
        (["reading", "covariance"], [[0.1, 0.0]]),
        (["reading", "covariance", 0], [0.1, "0"]),
        (["reading", "abstained"], True),
        (["reading", "reason"], "no speech was heard"),
        (["reading", "cues", 0, "unit"], None),
        (["playlist", "intent"], "cheer_up"),
        (["playlist", "journey"], []),
        (["playlist", "journey", 0, "arousal"], None),
        (["playlist", "tracks"], []),
        (["playlist", "tracks", 0, "uri"], ""),
        (["playlist", "tracks", 0, "tempo"], 0),
        (["playlist", "tracks", 0, "reasons"], []),
        (["playlist", "seed"], 1.5),
    ],
    ids=lambda part: ".".join(map(str, part)) if isinstance(part, list) else repr(part),
)
def test_a_wrong_line_is_refused(path, value):
    with pytest.raises(ValidationError):
        VALIDATOR.validate(changed(path, value))


def test_an_abstained_reading_names_no_emotion_and_keeps_its_reason():
    result = line(ABSTAINED)
    for key, value in (("emotion", "sad"), ("reason", None), ("confidence", 0.4)):
        wrong = copy.deepcopy(result)
        wrong["reading"][key] = value
        with pytest.raises(ValidationError):
            VALIDATOR.validate(wrong)
