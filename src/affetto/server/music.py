"""``/v1/playlists`` and ``/v1/moods``: the music side, as it is."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from affetto.affect import EMOTIONS, Affect, Emotion
from affetto.music import region_of, regions
from affetto.recommendation import Intent, recommend
from affetto.recommendation.source import music_from
from affetto.server.openapi import answers
from affetto.voice.reading import Reading

__all__ = ["router"]

router = APIRouter()

_Share = Annotated[float, Field(ge=0, le=1)]
_Coordinate = Annotated[float, Field(ge=-1, le=1)]
_Variance = Annotated[float, Field(ge=-4, le=4)]
_Pair = tuple[_Variance, _Variance]


class HeardReading(BaseModel):
    """A reading as the server gives it; the other keys follow from these and are not looked at."""

    model_config = ConfigDict(extra="ignore")

    probabilities: dict[Emotion, _Share] = Field(min_length=1)
    seconds: float = Field(default=0.0, ge=0)
    reason: str | None = Field(default=None, description="Why there is no reading, where it abstained.")

    @model_validator(mode="after")
    def _some_weight(self) -> "HeardReading":
        if sum(self.probabilities.values()) <= 0:
            raise ValueError("probabilities are all zero; give at least one above it")
        return self

    def reading(self) -> Reading:
        """The reading."""
        if self.reason is not None:
            return Reading.abstain(self.reason, seconds=self.seconds)
        return Reading(probabilities=self.probabilities, seconds=self.seconds)


class Point(BaseModel):
    """A place on the circumplex."""

    model_config = ConfigDict(extra="forbid")

    valence: _Coordinate
    arousal: _Coordinate
    covariance: tuple[_Pair, _Pair] = ((0.0, 0.0), (0.0, 0.0))


class PlaylistRequest(BaseModel):
    """Where the listener is (one of `reading`, `affect`, `emotion`), and what the music is for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"emotion": "sad", "intent": "comfort", "length": 3, "seed": 7},
                {"affect": {"valence": -0.3, "arousal": 0.5}, "length": 12},
                {"reading": {"probabilities": {"angry": 0.71, "happy": 0.29}, "seconds": 2.4}, "intent": "let_out"},
            ],
            "oneOf": [{"required": ["reading"]}, {"required": ["affect"]}, {"required": ["emotion"]}],
        },
    )

    reading: HeardReading = Field(default=None, validate_default=False)  # pyright: ignore[reportAssignmentType]
    affect: Point = Field(default=None, validate_default=False)  # pyright: ignore[reportAssignmentType]
    emotion: Emotion = Field(default=None, validate_default=False)  # pyright: ignore[reportAssignmentType]
    intent: Intent | None = Field(default=None, description="What the music is for; left out: what suits.")
    length: int | None = Field(default=None, ge=1, le=500, description="Tracks; left out: the setting.")
    strategy: str = Field(default="journey", pattern="^(journey|genre)$")
    seed: int | None = Field(default=None, ge=0, le=2**53, description="The same seed gives the same playlist.")

    @model_validator(mode="after")
    def _one_start(self) -> "PlaylistRequest":
        given = {"reading", "affect", "emotion"} & self.model_fields_set
        if len(given) != 1:
            raise ValueError(f"give one of reading, affect and emotion, not {len(given)} of them")
        return self

    def start(self) -> Reading | Affect | Emotion:
        """Where the listener is."""
        if "reading" in self.model_fields_set:
            return self.reading.reading()
        if "affect" in self.model_fields_set:
            return Affect(self.affect.valence, self.affect.arousal, self.affect.covariance)
        return self.emotion


@router.post(
    "/v1/playlists", summary="Answer a reading with music", responses=answers("playlist", 400, 403, 411, 413, 422)
)
def create_playlist(request: PlaylistRequest) -> dict[str, Any]:
    """A playlist from where the listener is to where the intent leads, each track with its reasons."""
    return recommend(
        request.start(), intent=request.intent, length=request.length, strategy=request.strategy, seed=request.seed
    ).to_dict()


@router.get("/v1/moods", summary="The mood regions of the music", responses=answers("moods", 403, 422))
def list_moods(
    count: Annotated[
        int | None, Query(alias="regions", ge=1, le=40, description="How many; left out: what suits.")
    ] = None,
) -> dict[str, Any]:
    """The regions of the library, largest first, with the emotions they answer and example tracks."""
    library, _ = music_from()
    homes = {emotion: region_of(emotion, library, k=count) for emotion in EMOTIONS}
    return {
        "regions": [
            {
                "name": region.name,
                "size": region.size,
                "valence": region.centre.valence,
                "arousal": region.centre.arousal,
                "tempo": region.tempo,
                "emotions": [str(emotion) for emotion in EMOTIONS if homes[emotion] is region],
                "examples": [track.to_dict() for track in region.examples],
            }
            for region in regions(library, k=count)
        ]
    }
