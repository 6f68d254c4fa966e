"""An example of whatever a schema describes, for the API's description: the same each time, of nobody there is.

Decides the words of examples, by the names of fields. What a field may hold is its schema's to say, and tests hold
each example to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

_ID: Final = "0b4e3c9a-5a0f-4d7e-9a55-6f0f6a1d2c3b"
_DEPTH_MAX: Final = 8

#: By the name of the model and the field, or of the field alone.
_WORDS: Final[Mapping[str, Any]] = {
    "Enrolment.key": {"kty": "EC", "crv": "P-256", "x": "gI0GAILBdu7T5...", "y": "SLW_xSffzlPW..."},
    "Enrolment.code": "Yp3mVq0c7uGJb2kXh5sT9wLz",
    "TokenAnswer.access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZDI1NTE5In0.e30.c2lnbmF0dXJl",
    "TokenAnswer.purpose": "licensing",
    "TokenAnswer.scope": "profile.name:read profile:read",
    "ReadyOut.failing": [],
    "ReadyOut.identity_mode": "embedded",
    "agency": "parks",
    "agreement": "licence_checks",
    "attribute": "birth_date",
    "author": "officer_lund",
    "case": "campsite 12",
    "client_id": "parks-desk",
    "detail": "token: it has expired",
    "expires_in": 300,
    "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
    "issuer": "https://hub.example",
    "key": "P730266141",
    "kid": "9b1c2a7e6f4d4c0e8a55",
    "number": "FL-204117",
    "purpose": "licensing",
    "reason": "she asked for it at the counter",
    "reasons": ["no_agreement"],
    "relationships": ["owner"],
    "roles": ["licensee"],
    "sentences": ["no agreement in force lets this be shared"],
    "source": "parks",
    "status": "open",
    "type": "fishing_licence",
    "token_endpoint": "https://hub.example/oauth/token",
    "user": "clerk 7",
    "value": "1985-01-17",
}
#: Of a body, what may be left out is; but of several ways to name somebody, one is needed.
_NEVER_LEFT_OUT: Final = frozenset({"record"})
_FORMATS: Final[Mapping[str, str]] = {
    "uuid": _ID,
    "date": "2026-11-25",
    "date-time": "2026-11-25T09:30:00Z",
    "binary": "",
}


class Examples:
    """Makes examples by the schemas that a description names."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas

    def of(self, schema: Schema, *, is_body: bool, name: str = "", depth: int = 0) -> Any:
        """A value the schema describes. is_body: what may be left out is."""
        if "$ref" in schema:
            model = str(schema["$ref"]).rpartition("/")[2]
            return self.of(self._schemas[model], is_body=is_body, name=f"{model}.", depth=depth)
        stated = _stated(schema)
        if stated:
            return stated[0]
        of_model, _, field = name.partition(".")
        word = _WORDS.get(name, _WORDS.get(field))
        if word is not None and (name in _WORDS or _fits(word, schema)):
            return word
        if schema.get("type") == "object" or "properties" in schema:
            return self._object(schema, of_model, is_body, depth)
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                kinds = [one for one in schema[several] if one.get("type") != "null"]
                return self.of(kinds[0], is_body=is_body, name=name, depth=depth)
        if schema.get("type") == "array":
            if depth >= _DEPTH_MAX or (is_body and not schema.get("minItems")):
                return []
            return [self.of(schema["items"], is_body=is_body, depth=depth + 1)]
        return _plain(schema)

    def _object(self, schema: Schema, model: str, is_body: bool, depth: int) -> dict[str, Any]:
        if depth >= _DEPTH_MAX:
            return {}
        needed = set(schema.get("required", ())) | _NEVER_LEFT_OUT
        for ways in schema.get("oneOf", ())[:1]:
            needed |= set(ways.get("required", ()))
        return {
            field: self.of(inner, is_body=is_body, name=f"{model}.{field}", depth=depth + 1)
            for field, inner in schema.get("properties", {}).items()
            if not is_body or field in needed
        }


def _stated(schema: Schema) -> list[Any]:
    """What the schema itself offers as a value."""
    if "example" in schema:
        return [schema["example"]]
    if "const" in schema:
        return [schema["const"]]
    return list(schema.get("examples") or schema.get("enum") or ())


_KINDS: Final[Mapping[type, str]] = {str: "string", int: "integer", list: "array", dict: "object"}


def _fits(word: Any, schema: Schema) -> bool:
    kinds = [schema, *schema.get("anyOf", ())]
    return any(
        one.get("type") == _KINDS[type(word)] and not ({"format", "enum", "items"} & set(one))
        for one in kinds
    ) or (isinstance(word, list) and any(_holds_texts(one) for one in kinds))


def _holds_texts(schema: Schema) -> bool:
    return schema.get("type") == "array" and schema.get("items") == {"type": "string"}


def _plain(schema: Schema) -> Any:
    match schema.get("type"):
        case "boolean":
            return True
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "string":
            made = _FORMATS.get(schema.get("format", ""), "renewals")
            return made.ljust(schema.get("minLength", 0), "0")
        case _:
            return None
