"""The pages and their static files."""

import gzip
import json
from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from affetto.affect import EMOTIONS, circumplex
from affetto.recommendation import Intent
from affetto.server.me import PROFILE
from affetto.server.pages.assets import assets, version
from affetto.server.pages.policy import page_headers
from affetto.server.pages.words import LANGUAGES, catalogue, choose_language, sayings
from affetto.server.problems import Problem
from affetto.voice.profiles import ProfileStore

__all__ = ["PAGES", "router"]

router = APIRouter(include_in_schema=False)

PAGES = {"/": "listen", "/library": "library", "/journal": "journal", "/analyse": "analyse", "/settings": "settings"}
"""The template of each page."""

_THEMES = ("light", "dark")
_YEAR = "public, max-age=31536000, immutable"
_NO_SCRIPT_BREAK = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("affetto.server.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["data"] = _data
    return found


def _data(value: Any) -> str:
    """JSON for a data block, which no text in it can end."""
    from markupsafe import Markup

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character, escape in _NO_SCRIPT_BREAK.items():
        text = text.replace(character, escape)
    return Markup(text)


def _facts() -> dict[str, Any]:
    """What the scripts need to know of the code."""
    places = {str(emotion): [point.valence, point.arousal] for emotion, point in circumplex().items()}
    return {
        "emotions": [str(emotion) for emotion in EMOTIONS],
        "circumplex": places,
        "intents": [*map(str, Intent)],
        "profile": _profile(),
    }


def _profile() -> str | None:
    """The profile of the person's voice that readings are made with, if there is one."""
    return PROFILE if ProfileStore().has(PROFILE) else None


def _render(template: str, request: Request, **more: Any) -> str:
    language = choose_language(request.cookies.get("language"), request.headers.get("accept-language"))
    theme = request.cookies.get("theme")
    words = catalogue(language)

    def t(key: str) -> str:
        return words[key]

    return (
        _environment()
        .get_template(template)
        .render(
            t=t,
            words=dict(words),
            sayings=dict(sayings(language)),
            facts=_facts(),
            language=language,
            languages=LANGUAGES,
            theme=theme if theme in _THEMES else "auto",
            static=f"/static/{version()}",
            emotions=[str(emotion) for emotion in EMOTIONS],
            intents=[*map(str, Intent)],
            **more,
        )
    )


def _text(request: Request, text: str, media_type: str, *, cache: str = "no-cache") -> Response:
    content = text.encode()
    sent = {**page_headers(), "vary": "accept-encoding, accept-language, cookie", "cache-control": cache}
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, sent["content-encoding"] = gzip.compress(content, 6, mtime=0), "gzip"
    return Response(content, headers=sent, media_type=media_type)


async def _page(request: Request) -> Response:
    name = PAGES[request.url.path]
    return _text(request, _render(f"{name}.html", request, page=name), "text/html", cache="private, no-cache")


for _path in PAGES:
    router.add_api_route(_path, _page, methods=["GET", "HEAD"], name=PAGES[_path])


@router.get("/static/{stamp}/{path:path}")
async def static(request: Request, stamp: str, path: str) -> Response:
    """A static file; its address changes with its content, so it may be kept for ever."""
    asset = assets().get(path)
    if asset is None:
        raise Problem(404, "not-found", f"there is no file {path!r:.80} in the page; reload it")
    headers = {
        **page_headers(),
        "cache-control": _YEAR if stamp == version() else "no-cache",
        "vary": "accept-encoding",
    }
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, headers={**headers, "content-encoding": "gzip"}, media_type=asset.media_type)
    return Response(asset.content, headers=headers, media_type=asset.media_type)


@router.get("/sw.js")
async def service_worker(request: Request) -> Response:
    """The worker that opens the page without a network."""
    kept = [f"/static/{version()}/{name}" for name in assets() if not name.endswith("LICENSE")]
    text = _environment().get_template("sw.js").render(version=version(), files=[*PAGES, *kept])
    return _text(request, text, "text/javascript")


@router.get("/manifest.webmanifest")
async def manifest(request: Request) -> Response:
    """What makes the page an app."""
    text = _render("manifest.json", request)
    return _text(request, text, "application/manifest+json")


@router.get("/favicon.ico")
async def favicon() -> Response:
    """The icon where a browser looks for it by itself."""
    icon = assets()["icons/icon.svg"]
    return Response(icon.content, headers=page_headers(), media_type=icon.media_type)
