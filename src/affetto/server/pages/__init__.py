"""The page: what a person sees of the server. Templates, static files and words; its data comes from ``/v1``."""

from affetto.server.pages.routes import router

__all__ = ["router"]
