"""What the schema says of every route alike: the problems it may answer with, and the credentials it takes.

Decides the documentation of what guard.py, receiving.py and errors.py do to any request; what a route itself answers is
its module's to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict

from api.problems import MEDIA_TYPE, Problem
from hub.access.scopes import Scope

_SCHEMA: Final = "ProblemOut"
SECURITY: Final = "token"


class FieldOut(BaseModel):
    """A field of the request, and the rule it breaks."""

    field: str
    rule: str


class ProblemOut(BaseModel):
    """A problem as RFC 9457 states it. type: its address, where it is explained; never changed."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str | None = None
    credential: str | None = None
    flaw: str | None = None
    reasons: list[str] | None = None
    errors: list[FieldOut] | None = None


def _responses(statuses: Iterable[int]) -> dict[int | str, dict[str, Any]]:
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{_SCHEMA}"}}}
    return {status: {"description": _titles(status), "content": content} for status in statuses}


def _titles(status: int) -> str:
    titles = [one.value.title for one in Problem if one.value.status == status]
    return "; ".join(titles) or HTTPStatus(status).phrase


#: Of every route: what may be wrong with any request, and with the hub.
OPEN_PROBLEMS: Final = _responses((400, 404, 405, 408, 413, 415, 422, 429, 500, 503))
GUARDED_PROBLEMS: Final = OPEN_PROBLEMS | _responses((401, 403, 409))
CHANGE_PROBLEMS: Final = _responses((412, 428))


def install(app: FastAPI, token_path: str) -> None:
    """Make the application's schema say what is said here."""

    def schema() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _schema(app, token_path)
        return app.openapi_schema

    app.openapi = schema  # type: ignore[method-assign]


def _schema(app: FastAPI, token_path: str) -> dict[str, Any]:
    made = get_openapi(title=app.title, version=app.version, routes=app.routes)
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    stated = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= stated.pop("$defs", {})
    schemas[_SCHEMA] = stated
    components["securitySchemes"] = {
        SECURITY: {
            "type": "oauth2",
            "description": (
                "An access token as `Authorization: DPoP <token>`, with a proof of its key, made anew for each "
                "request, as `DPoP` (RFC 9449)."
            ),
            "flows": {
                "clientCredentials": {
                    "tokenUrl": token_path,
                    "scopes": {scope.value: _words(scope) for scope in Scope},
                }
            },
        }
    }
    return made


def _words(scope: Scope) -> str:
    noun, _, action = scope.value.partition(":")
    return f"{action.capitalize()} what is of {noun}"
