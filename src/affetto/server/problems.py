"""What goes wrong over HTTP, as problem details (RFC 9457)."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from affetto.errors import AffettoError

__all__ = ["PROBLEM_TYPE", "Problem", "install", "problem_response"]

PROBLEM_TYPE = "application/problem+json"

_log = logging.getLogger(__name__)
_SHOWN = 80


class Problem(HTTPException):
    """An answer that says what is wrong (to the framework an HTTP exception, which it lets pass as it is).

    Args:
        status: The HTTP status.
        name: Which kind, for programs; the last part of the ``type``.
        detail: What happened and the way out, in one line, for people.
        headers: Headers that go with it.
    """

    def __init__(self, status: int, name: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)
        self.name = name

    def to_dict(self) -> dict[str, Any]:
        """The problem in the form of RFC 9457."""
        return {
            "type": f"urn:affetto:problem:{self.name}",
            "title": HTTPStatus(self.status_code).phrase,
            "status": self.status_code,
            "detail": self.detail,
        }


def problem_response(problem: Problem) -> JSONResponse:
    """The answer."""
    return JSONResponse(
        problem.to_dict(), problem.status_code, headers=dict(problem.headers or {}), media_type=PROBLEM_TYPE
    )


def _invalid(error: RequestValidationError) -> Problem:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return Problem(400, "bad-json", f"the body is not JSON: {first['ctx']['error']}; send one JSON object")
    place = ".".join(str(part) for part in first["loc"][1:]) or "body"
    shown = f" = {first['input']!r:.{_SHOWN}}" if first.get("input") is not None else ""
    return Problem(422, "bad-value", f"{place}{shown}: {first['msg']}; /v1/openapi.json describes what is taken")


def install(app: FastAPI) -> None:
    """Makes every error of the application a problem."""

    async def bad_input(_: Request, error: Exception) -> JSONResponse:
        return problem_response(Problem(422, "bad-input", str(error)))

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return problem_response(_invalid(error))

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        if isinstance(error, Problem):
            return problem_response(error)
        name = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        return problem_response(Problem(error.status_code, name, str(error.detail), headers=error.headers))

    async def failed(_: Request, error: Exception) -> JSONResponse:
        _log.error("a request failed", exc_info=error)
        return problem_response(Problem(500, "internal", "the server failed; please report it"))

    app.add_exception_handler(AffettoError, bad_input)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, failed)
