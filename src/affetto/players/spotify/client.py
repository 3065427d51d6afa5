"""Spotipy, kept on a short leash: its token lies among the secrets, and it never waits or asks by itself."""

import json
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from affetto.players.base import AccessError, Watch
from affetto.players.patience import Patience, persevere
from affetto.players.secrets import Secret, Secrets
from affetto.players.spotify.answers import AGAIN, ExpiredError, library, session

__all__ = [
    "ACCOUNTS",
    "API",
    "FOUND",
    "LISTED",
    "PORT",
    "SCOPES",
    "Client",
    "Tokens",
    "redirect_address",
    "sign_in_manager",
]

_T = TypeVar("_T")

API = "https://api.spotify.com/v1/"
"""Where the Web API lies."""
ACCOUNTS = "https://accounts.spotify.com"
"""Where listeners sign in."""
SCOPES = (
    "playlist-read-private",
    "playlist-modify-private",
    "user-read-playback-state",
    "user-modify-playback-state",
)
"""What the listener is asked to allow: our own private playlists, and starting playback."""
FOUND = 10
"""Search results on a page at most, since February 2026."""
LISTED = 50
"""Playlists on a page at most."""
PORT = 8898
"""Port of the address that the browser comes back to, unless another is chosen."""


class Client:
    """Calls to the Web API on behalf of one account.

    Args:
        name: Name of the connection.
        client_id: The listener's own client id.
        secrets: Where the token lies.
        patience: How long to keep trying.
        api: Where the Web API lies; None for `API`.
        accounts: Where listeners sign in; None for `ACCOUNTS`.
    """

    def __init__(
        self,
        name: str,
        *,
        client_id: str,
        secrets: Secrets,
        patience: Patience,
        api: str | None = None,
        accounts: str | None = None,
    ) -> None:
        self._name, self._client_id, self._secrets, self._patience = name, client_id, secrets, patience
        self._api, self._accounts = api or API, accounts or ACCOUNTS

    def call(self, do: Callable[[Any], _T], watch: Watch, *, again: bool = True) -> _T:
        """Does something with spotipy's client; a token that ran out is renewed once.

        Args:
            do: What to do.
            watch: Who watches.
            again: Whether it may be repeated after a lost answer.

        Raises:
            PlayerError: As `affetto.players.patience.persevere`.
        """

        def attempt() -> _T:
            try:
                return do(self._client)
            except ExpiredError:
                self._refresh()
            try:
                return do(self._client)
            except ExpiredError:
                raise AccessError(f"Spotify: does not take its own new token; {AGAIN}") from None

        return persevere(attempt, who="Spotify", again=again, watch=watch, patience=self._patience, access=AGAIN)

    def _refresh(self) -> None:
        token = self._manager.cache_handler.get_cached_token()
        self._manager.refresh_access_token(token["refresh_token"])

    @cached_property
    def _manager(self) -> Any:
        return sign_in_manager(
            self._client_id,
            redirect_address(PORT),
            accounts=self._accounts,
            patience=self._patience,
            tokens=Tokens(self._name, self._secrets),
        )

    @cached_property
    def _client(self) -> Any:
        # spotipy waits for as long as it is told, silently, unless it is forbidden to retry.
        client = library().Spotify(
            auth_manager=self._manager,
            requests_session=session(self._patience),
            requests_timeout=self._patience.timeout,
            retries=0,
            status_retries=0,
        )
        client.prefix = self._api
        return client


class Tokens:
    """The token of one connection, among the secrets; spotipy reads and writes it."""

    def __init__(self, name: str, secrets: Secrets) -> None:
        self._name, self._secrets = name, secrets
        self._lock = threading.Lock()
        self._held: dict[str, Any] | None = None

    def get(self) -> dict[str, Any]:
        """The token.

        Raises:
            AccessError: If it is gone or damaged.
        """
        with self._lock:
            if self._held is None:
                kept = self._secrets.get(self._name)
                if kept is None:
                    raise AccessError(f"Spotify: the token is not in {self._secrets.place} any more; {AGAIN}")
                self._held = _token(kept.reveal())
            return dict(self._held)

    def put(self, token_info: dict[str, Any]) -> None:
        """Keeps a token in place of the one before."""
        with self._lock:
            kept = json.dumps({**token_info, "scope": token_info.get("scope") or " ".join(SCOPES)})
            self._held = _token(kept)
            self._secrets.put(self._name, Secret(kept))


def _token(kept: str) -> dict[str, Any]:
    try:
        token = json.loads(kept)
        for part in ("access_token", "refresh_token"):
            Secret(str(token[part]))
        token["expires_at"] = float(token["expires_at"])
    except (ValueError, KeyError, TypeError):
        raise AccessError(f"Spotify: the token that was kept is damaged; {AGAIN}") from None
    return token


def sign_in_manager(client_id: str, redirect: str, *, accounts: str, patience: Patience, tokens: Tokens) -> Any:
    """Spotipy's sign-in with PKCE, which here never opens a browser or asks on the terminal by itself."""
    library()
    from spotipy.cache_handler import CacheHandler
    from spotipy.oauth2 import SpotifyPKCE

    class Handler(CacheHandler):
        def get_cached_token(self) -> dict[str, Any]:
            return tokens.get()

        def save_token_to_cache(self, token_info: dict[str, Any]) -> None:
            tokens.put(token_info)

    class Manager(SpotifyPKCE):
        OAUTH_AUTHORIZE_URL = f"{accounts}/authorize"
        OAUTH_TOKEN_URL = f"{accounts}/api/token"

        def get_authorization_code(self, response: Any = None) -> Any:
            del response
            raise AccessError(f"Spotify: what you allowed is not what is needed now; {AGAIN}")

    return Manager(
        client_id=client_id,
        redirect_uri=redirect,
        scope=" ".join(SCOPES),
        requests_session=session(patience),
        requests_timeout=patience.timeout,
        open_browser=False,
        cache_handler=Handler(),
    )


def redirect_address(port: int) -> str:
    """Where the browser comes back to; Spotify takes 127.0.0.1, not localhost."""
    return f"http://127.0.0.1:{port}/callback"
