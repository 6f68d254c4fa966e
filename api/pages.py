"""What engineers read in a browser: the API's description, and a page for each type of problem.

Decides how the description is shown. Nothing is loaded from elsewhere, nothing runs in the browser, and what is shown
is the description that `/openapi.json` gives and the table of problems, said nowhere a second time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import HTTPException, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from api.guard import open_router
from api.openapi import SCHEME, Node, answers_of, operations
from api.problems import MEDIA_TYPE, Problem

router = open_router(tags=["Pages"], include_in_schema=False)

_HERE: Final = Path(__file__).parent
_SECURE: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_STYLES: Final = {one.name: one.read_bytes() for one in (_HERE / "static").glob("*.css")}
_PROBLEMS: Final = {one.value.name: one.value for one in Problem}
_CODE: Final = re.compile(r"`([^`]+)`")


@router.get("/docs")
def docs(request: Request) -> Response:
    """The API's description, to be read. Made once by each process, for anybody may ask."""
    state = request.app.state
    if not hasattr(state, "docs"):
        schema = request.app.openapi()
        state.docs = _page("docs.html", schema=schema, groups=_groups(schema)).body
    return _html(state.docs)


@router.get("/problems")
def problem_index() -> Response:
    """Every type of problem."""
    return _page("problems.html", problems=list(_PROBLEMS.values()))


@router.get("/problems/{name}")
def problem_page(name: str) -> Response:
    """One type of problem: what it is, and what to do about it."""
    found = _PROBLEMS.get(name)
    if found is None:
        raise HTTPException(404)
    return _page("problem.html", problem=found)


@router.get("/static/{name}")
def static(name: str) -> Response:
    """How pages look."""
    found = _STYLES.get(name)
    if found is None:
        raise HTTPException(404)
    return Response(found, 200, dict(_SECURE), media_type="text/css")


# --- showing a description -----------------------------------------------------------------------


def _groups(schema: Node) -> dict[str, list[dict[str, Any]]]:
    """Operations by their tag, as the page shows them."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, method, operation in operations(schema):
        answers = answers_of(schema, operation)
        good = {status: one for status, one in answers.items() if status < "400"}
        shown = {
            "path": path,
            "method": method.upper(),
            "said": operation,
            "scopes": [
                one for named in operation.get("security", ()) for one in named.get(SCHEME, ())
            ],
            "bodies": operation.get("requestBody", {}).get("content", {}),
            "good": good,
            "problems": [
                _PROBLEMS[name]
                for answer in answers.values()
                for name in answer.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
            ],
        }
        groups.setdefault(operation.get("tags", ["Others"])[0], []).append(shown)
    return groups


def kind_of(schema: Node) -> Markup:
    """What a field holds, in words; a model as a link to where it is told."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return Markup('<a href="#model-{0}">{0}</a>').format(name)
    several = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if several:
        return Markup(" or ").join(kind_of(one) for one in several)
    if "enum" in schema:
        return Markup("one of ") + Markup(", ").join(_code(one) for one in schema["enum"])
    if "const" in schema:
        return _code(schema["const"])
    if schema.get("type") == "array":
        return Markup("list of ") + kind_of(schema.get("items", {}))
    if schema.get("type") == "null":
        return Markup("null")
    return escape(schema.get("format") or schema.get("type") or "any value")


def bounds_of(schema: Node) -> str:
    """How long or large a field may be, in words; empty where nothing is said."""
    kinds = [schema, *schema.get("anyOf", ())]
    return "; ".join(
        f"{words} {kind[name]}" for kind in kinds for name, words in _BOUNDS.items() if name in kind
    )


_BOUNDS: Final = {
    "minLength": "characters at least",
    "maxLength": "characters at most",
    "minItems": "items at least",
    "maxItems": "items at most",
    "minimum": "at least",
    "maximum": "at most",
}


def _code(value: object) -> Markup:
    return Markup("<code>{}</code>").format(value)


def prose(text: str) -> Markup:
    """Paragraphs and code of a docstring; everything else is shown as it stands."""
    paragraphs = [
        Markup("").join(
            _code(piece) if at % 2 else escape(piece) for at, piece in enumerate(_CODE.split(one))
        )
        for one in text.strip().split("\n\n")
    ]
    return Markup("").join(Markup("<p>{}</p>\n").format(one) for one in paragraphs)


def _page(template: str, **values: Any) -> Response:
    return _html(_PAGES.get_template(template).render(values).encode())


def _html(content: bytes) -> Response:
    return Response(content, 200, dict(_SECURE), media_type="text/html")


_PAGES: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters.update(prose=prose, kind=kind_of, bounds=bounds_of)
_PAGES.policies["json.dumps_kwargs"] = {"indent": 2, "sort_keys": False, "ensure_ascii": False}
