"""What a page of ours may do in a browser, and where it may reach."""

from functools import cache
from urllib.parse import urlsplit

__all__ = ["content_policy", "page_headers", "stream_origins"]


@cache
def stream_origins() -> tuple[str, ...]:
    """Where the music of the starter catalog comes from: the one address besides the server that a page may ask."""
    from affetto.music.catalog import starter

    places = {urlsplit(track.uri) for track in starter()}
    return tuple(sorted({f"{place.scheme}://{place.netloc}" for place in places}))


@cache
def content_policy() -> str:
    """The Content-Security-Policy: nothing inline, nothing from elsewhere but the streams of the starter catalog."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "media-src " + " ".join(("'self'", "blob:", *stream_origins())),
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def page_headers() -> dict[str, str]:
    """The headers of every page and static file."""
    return {
        "content-security-policy": content_policy(),
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "microphone=(self), camera=(), geolocation=(), payment=()",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
    }
