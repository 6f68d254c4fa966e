"""Bodies read strictly: JSON of one meaning, or nothing of it.

Decides what is JSON here: said so by its type, a name once in an object, no number that is none, no text that no
database holds, not deeper than anybody means. What it may state is each route's to say. How large a body may be and how
long it may take is receiving.py's.
"""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

DEPTH_MAX: Final = 32
_INTEGER_DIGITS_MAX: Final = 18


# HTTPExceptions, for FastAPI hides every other exception of a request's own reading.
class BodyMalformed(HTTPException):
    """A body is not JSON as it is read here. rule: which rule it breaks; never what stood there."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(400, rule)


class NameRepeated(BodyMalformed):
    """A name stands twice in an object."""

    def __init__(self) -> None:
        super().__init__("a name stands twice in an object")


class MediaTypeUnknown(HTTPException):
    """A body is not said to be of the type the route reads. wanted: that type."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(415, wanted)


class StrictRequest(Request):
    """A request whose JSON is read by `decode`, and only where it is said to be JSON."""

    taken_in: bytes = b""

    async def take_in(self) -> None:
        """Have all of the body here, as it came; to read it waits for nothing then. Raises BodyMalformed."""
        try:
            self.taken_in = await super().body()
        except ClientDisconnect:
            # Nobody is left to be told; the log is.
            raise BodyMalformed("its sender hung up") from None

    async def body(self) -> bytes:
        """The body, where it is of a type that JSON is read from."""
        content = await super().body()
        if content and not is_json(self.headers.get("content-type", "")):
            raise MediaTypeUnknown("application/json")
        return content

    async def content(self, media_type: str) -> bytes:
        """A body of another type, as it came. Raises MediaTypeUnknown."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != media_type:
            raise MediaTypeUnknown(media_type)
        return await super().body()

    async def json(self) -> Any:
        """The body's value. Raises BodyMalformed."""
        if not hasattr(self, "_json"):
            self._json = decode(await self.body())
        return self._json


def is_json(content_type: str) -> bool:
    """Whether a media type is JSON, in UTF-8."""
    kind, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    return kind.strip().lower() == "application/json" and charset in ("", "charset=utf-8")


def decode(content: bytes) -> Any:
    """The value that JSON in UTF-8 states. Raises BodyMalformed."""
    try:
        text = content.decode("utf-8")
        found = json.loads(
            text, object_pairs_hook=_once_each, parse_constant=_no_number, parse_int=_integer
        )
    except UnicodeDecodeError:
        rule = "not UTF-8"
    except RecursionError:
        rule = f"deeper than {DEPTH_MAX}"
    except json.JSONDecodeError as error:
        rule = f"not JSON at character {error.pos}"
    else:
        _require_plain(found)
        return found
    # Outside the handlers: what was read would travel along as the error's context.
    raise BodyMalformed(rule)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise NameRepeated
    return made


def _no_number(_: str) -> Any:
    raise BodyMalformed("NaN and Infinity are no JSON numbers")


def _integer(digits: str) -> int:
    if len(digits) > _INTEGER_DIGITS_MAX:
        raise BodyMalformed(f"a whole number of more than {_INTEGER_DIGITS_MAX} digits")
    return int(digits)


def _require_plain(value: Any) -> None:
    """Raise BodyMalformed for nesting nobody means, text no database holds, numbers beyond what JSON can say."""
    level = [value]
    for _ in range(DEPTH_MAX):
        below: list[Any] = []
        for one in level:
            if isinstance(one, str):
                _require_text(one)
            elif isinstance(one, dict):
                for name in one:
                    _require_text(name)
                below += one.values()
            elif isinstance(one, list):
                below += one
            elif isinstance(one, float) and one in (float("inf"), float("-inf")):
                raise BodyMalformed("a number too large to be one")
        if not below:
            return
        level = below
    raise BodyMalformed(f"deeper than {DEPTH_MAX}")


def _require_text(text: str) -> None:
    if "\x00" in text or (not text.isascii() and any("\ud800" <= one <= "\udfff" for one in text)):
        raise BodyMalformed("text with a NUL or half a surrogate pair")
