"""The API's description (OpenAPI 3.1), completed: what every operation has, said once and in one place.

Decides ids, summaries, examples, headers, problems and the security scheme. What an operation reads and answers is
its route's own. The description is committed (docs/openapi.json), so that a change of it is seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api import etags, log_head, repeating
from api.examples import Examples
from api.problems import MEDIA_TYPE, Problem
from consent.vocabulary import DataCategory
from hub.access.scopes import Scope, category_scope

Node = dict[str, Any]

SCHEME: Final = "token"
PROOF: Final = "proof"
_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_FRAMEWORKS: Final = ("HTTPValidationError", "ValidationError")
_JSON: Final = "application/json"
_VERSION: Final = "/v1/"
_REF: Final = "#/components/headers/"
_SHARED: Final = "#/components/responses/"

ABOUT: Final = """\
One constituent profile across agencies, as far as law and consent allow.

A caller proves who it is with a short access token that is bound to its key (`DPoP`), and a new proof of that key with
each request; see docs/access.md. Whoever is asked about stands in the body and never in an address. Errors are
problems (RFC 9457) of the types under /problems. Each answer has a `Request-Id` to name to the operator.
"""

_HEADERS: Final[Mapping[str, Node]] = {
    "Request-Id": {
        "description": "The hub's own name of the request, for the operator.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{24}$"},
        "example": "5f2b9c0e7a1d4c3b8e6f0a12",
    },
    "Retry-After": {
        "description": "Whole seconds after which the request may be sent again.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 1,
    },
    log_head.NAME: {
        "description": "Size and root (base64) of the disclosure log as signed last; keep it to hold the hub to it.",
        "schema": {"type": "string"},
        "example": "41,qvhVZ4wF0G2SOZ2q3M6qvVZ4wF0G2SOZ2q3M6qvVZ4w=",
    },
    "ETag": {
        "description": "Names the state that was read, for If-Match.",
        "schema": {"type": "string"},
        "example": '"17"',
    },
    repeating.REPLAYED: {
        "description": "`true` where the change was done before and this is its answer again.",
        "schema": {"type": "string", "enum": ["true"]},
        "example": "true",
    },
}
#: Paths under which something is released, and so the log's head told.
_RELEASING: Final = frozenset({"/v1/profile-lookups", "/v1/verifications"})

#: What a route reads of the request itself.
_READ: Final[Mapping[str, Node]] = {
    "post_oauth_enrolments": {
        "name": "DPoP",
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
        "description": "A proof of the key that is to be enrolled (RFC 9449).",
    }
}
_PROOF_SHOWN: Final = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7fX0.e30.c2lnbmF0dXJl"

#: Answers without a model of their own.
_ANSWERS: Final[Mapping[str, Any]] = {
    "get_oauth_jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAY...", "use": "sig"}]},
    "get_well_known_oauth_authorization_server": {"issuer": "https://hub.example", "token_endpoint": "https://hub.example/oauth/token"},
}  # fmt: skip


def install(app: FastAPI) -> None:
    """Have the application describe itself completely; made once."""
    generate = app.openapi

    def described() -> Node:
        if app.openapi_schema is None:
            complete(generate())
        found: Node | None = app.openapi_schema
        assert found is not None
        return found

    app.openapi = described  # type: ignore[method-assign]


def operation_id(route: APIRoute) -> str:
    """An operation's id, of its method and path, which stay: `post_profile_lookups`."""
    [method] = route.methods or {"GET"}
    path = route.path_format.removeprefix(_VERSION)
    return "_".join([method.lower(), *re.findall("[a-z0-9]+", path)])


def written(schema: Node) -> str:
    """A description as it stands in its file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def operations(schema: Node) -> Iterator[tuple[str, str, Node]]:
    """Each operation: its path, method, and itself."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if method in _METHODS:
                yield path, method, operation


def complete(schema: Node) -> Node:
    """Say, in the framework's description, what it does not know of."""
    schema["info"]["description"] = ABOUT
    schema["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    schema["servers"] = [{"url": "/", "description": "This hub."}]
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    components["headers"] = {**_HEADERS, **components.get("headers", {})}
    components["securitySchemes"] = {**_schemes(), **components.get("securitySchemes", {})}
    examples = Examples(schemas)
    for path, _, operation in operations(schema):
        _tell(operation)
        if operation["operationId"] in _READ:
            operation.setdefault("parameters", []).append(dict(_READ[operation["operationId"]]))
        _secure(operation)
        _add_problems(operation, schemas)
        _add_examples(operation, examples)
        _add_headers(path, operation, reads_state=_is_changed_by_state(schema, path))
    for name in _FRAMEWORKS:
        schemas.pop(name, None)
    components["responses"] = _shared(schema)
    return schema


def answers_of(schema: Node, operation: Node) -> dict[str, Node]:
    """What an operation answers, by status, with what it shares with others in its place."""
    shared = schema["components"].get("responses", {})
    return {
        status: shared[answer["$ref"].removeprefix(_SHARED)] if "$ref" in answer else answer
        for status, answer in operation["responses"].items()
    }


def _shared(schema: Node) -> dict[str, Node]:
    """Answers that tell of problems and nothing else, each said once and named for the problems."""
    found: dict[str, Node] = {}
    for _, _, operation in operations(schema):
        for status, answer in operation["responses"].items():
            if list(answer.get("content", ())) != [MEDIA_TYPE]:
                continue
            name = ".".join(sorted(answer["content"][MEDIA_TYPE]["examples"]))
            if found.setdefault(name, answer) == answer:
                operation["responses"][status] = {"$ref": _SHARED + name}
    return dict(sorted(found.items()))


_PROBLEM: Final[Node] = {
    "title": "Problem",
    "description": "What went wrong (RFC 9457). Members beside these depend on the type.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "The page that says what it is and what to do about it.",
        },
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "A sentence of the hub's own."},
        "errors": {
            "type": "array",
            "description": "Each field and the rule it breaks; never a value.",
            "items": {
                "type": "object",
                "required": ["field", "rule"],
                "properties": {"field": {"type": "string"}, "rule": {"type": "string"}},
            },
        },
    },
}


def _schemes() -> Node:
    scopes = {scope.value: f"{_action(scope)} {_noun(scope)}" for scope in Scope}
    scopes |= {
        category_scope(one.value): f"be told of the category {one.value}" for one in DataCategory
    }
    return {
        SCHEME: {
            "type": "oauth2",
            "description": (
                "Client credentials with private_key_jwt (RFC 7523); the token is bound to the key of a DPoP proof "
                "(RFC 9449) and sent as `Authorization: DPoP TOKEN`. It is bound to purposes too: ask for one with "
                "the form's `purpose`."
            ),
            "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": scopes}},
        },
        PROOF: {
            "type": "apiKey",
            "in": "header",
            "name": "DPoP",
            "description": (
                "A proof of the token's key, made for this request alone (RFC 9449): method, address without query, "
                "the token's hash, the time, and an id that holds once."
            ),
        },
    }


def _action(scope: Scope) -> str:
    return "change" if scope.value.endswith(":write") else "read"


def _noun(scope: Scope) -> str:
    noun = scope.value.partition(":")[0].replace("_", " ")
    return "what is one's own" if noun == "me" else f"what is of a {noun}"


def _tell(operation: Node) -> None:
    """Its docstring's first sentence as the summary, in place of its function's name with capitals."""
    first = operation.get("description", "").partition("\n\n")[0].replace("\n", " ")
    operation["summary"] = first.partition(". ")[0].rstrip(".")


def _secure(operation: Node) -> None:
    for one in operation.get("security", ()):
        if SCHEME in one:
            one.setdefault(PROOF, [])


# --- problems ------------------------------------------------------------------------------------


def problems_of(operation: Node, schemas: Mapping[str, Node]) -> list[Problem]:
    """What can go wrong with an operation."""
    found = [Problem.TOO_FAST, Problem.INTERNAL, Problem.UNAVAILABLE]
    parameters = {one["name"]: one for one in operation.get("parameters", ())}
    if operation.get("security"):
        # Whom or what it names may be unknown, or another's, and others may be changing the same.
        found += [
            Problem.CREDENTIALS_REFUSED,
            Problem.NOT_IN_SCOPE,
            Problem.NOT_FOUND,
            Problem.BUSY,
        ]
    if parameters or "requestBody" in operation:
        found.append(Problem.REQUEST_INVALID)
    if "requestBody" in operation:
        found += [
            Problem.BODY_MALFORMED,
            Problem.BODY_TOO_SLOW,
            Problem.BODY_TOO_LARGE,
            Problem.MEDIA_TYPE_REFUSED,
        ]
    if repeating.HEADER in parameters:
        found += [
            Problem.REPEAT_KEY_MISSING,
            Problem.REPEAT_UNDER_WAY,
            Problem.REPEAT_DIFFERS,
            Problem.CONFLICT,
        ]
    if etags.HEADER in parameters:
        found += [Problem.PRECONDITION_MISSING, Problem.CHANGED_SINCE]
    fields = _fields_of_body(operation, schemas)
    if "purpose" in fields and operation.get("security"):
        found += [Problem.PURPOSE_REFUSED, Problem.BUDGET_SPENT]
    if "description" in fields:
        found.append(Problem.TOO_LITTLE_EVIDENCE)
    return sorted(found, key=lambda one: (one.value.status, one.value.name))


def _fields_of_body(operation: Node, schemas: Mapping[str, Node]) -> frozenset[str]:
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get(_JSON, {}).get("schema", {})
    model = schemas.get(str(schema.get("$ref", "")).rpartition("/")[2], schema)
    return frozenset(model.get("properties", ()))


def _add_problems(operation: Node, schemas: Mapping[str, Node]) -> None:
    answers = operation["responses"]
    if _is_frameworks(answers.get("422", {})):
        del answers["422"]
    for which in problems_of(operation, schemas):
        kind = which.value
        answer = answers.setdefault(str(kind.status), {"description": "A problem."})
        content = answer.setdefault("content", {}).setdefault(
            MEDIA_TYPE, {"schema": {"$ref": "#/components/schemas/Problem"}}
        )
        example = {"type": kind.type, "title": kind.title, "status": kind.status}
        content.setdefault("examples", {}).setdefault(
            kind.name, {"summary": kind.title, "description": kind.remedy, "value": example}
        )
    operation["responses"] = dict(sorted(answers.items()))


def _is_frameworks(answer: Node) -> bool:
    schema = answer.get("content", {}).get(_JSON, {}).get("schema", {})
    return str(schema.get("$ref", "")).rpartition("/")[2] in _FRAMEWORKS


# --- examples and headers ------------------------------------------------------------------------


def _add_examples(operation: Node, examples: Examples) -> None:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        _exemplify(content, examples, is_body=True)
    for status, answer in operation["responses"].items():
        for media_type, content in answer.get("content", {}).items():
            if media_type != MEDIA_TYPE:
                known = _ANSWERS.get(operation["operationId"]) if status < "300" else None
                _exemplify(content, examples, is_body=False, known=known)
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == "DPoP":
            parameter["example"] = _PROOF_SHOWN
        _exemplify(parameter, examples, is_body=True)


def _exemplify(content: Node, examples: Examples, *, is_body: bool, known: Any = None) -> None:
    if "example" not in content and "examples" not in content:
        schema, name = content.get("schema", {}), f".{content.get('name', '')}"
        content["example"] = known or examples.of(schema, is_body=is_body, name=name)


def _is_changed_by_state(schema: Node, path: str) -> bool:
    """Whether something under this path is changed by who names the state of it that they read."""
    return any(
        other.startswith(path) and parameter["name"] == etags.HEADER
        for other, _, operation in operations(schema)
        for parameter in operation.get("parameters", ())
    )


def _add_headers(path: str, operation: Node, *, reads_state: bool) -> None:
    names = {one["name"] for one in operation.get("parameters", ())}
    for status, answer in operation["responses"].items():
        told = {"Request-Id"}
        if status in ("409", "429", "503"):
            told.add("Retry-After")
        if path in _RELEASING and status in ("200", "403"):
            told.add(log_head.NAME)
        if status < "300" and repeating.HEADER in names:
            told.add(repeating.REPLAYED)
        if status < "300" and reads_state:
            told.add("ETag")
        said = answer.setdefault("headers", {})
        for name in sorted(told):
            said.setdefault(name, {"$ref": _REF + name})
