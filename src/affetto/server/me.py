"""``/v1/me``: what the page asks for the person who listens."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import ConfigDict

from affetto.recommendation import recommend
from affetto.server.links import playlist_with_links
from affetto.server.music import PlaylistRequest

__all__ = ["router"]

router = APIRouter(prefix="/v1/me", include_in_schema=False)


class Request(PlaylistRequest):
    """A playlist for the person, and how the start was found."""

    model_config = ConfigDict(extra="forbid")

    source: Literal["voice", "file", "hand"] = "hand"
    corrects: dict[str, float] | None = None


@router.post("/playlists")
def create_playlist(request: Request) -> dict[str, Any]:
    """A playlist whose tracks say where their sound is."""
    playlist = recommend(
        request.start(), intent=request.intent, length=request.length, strategy=request.strategy, seed=request.seed
    )
    return playlist_with_links(playlist)
