"""Bodies meant to harm: each is refused, or hung up on, in bounded time and memory, and the server goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import httpx
import pytest

from tests.api.target import GOOD, MIB, PATH, QUESTION, SOON_S, Target

pytestmark = pytest.mark.usefixtures("harmless")


def _with(name: str, value: str) -> bytes:
    """The question with JSON of any kind in place of a value."""
    return json.dumps({**QUESTION, name: 0}).replace(f'"{name}": 0', f'"{name}": {value}').encode()


def _described(members: str) -> bytes:
    """The question by attributes, with such members."""
    question = {name: value for name, value in QUESTION.items() if name != "record"}
    whom = f', "description": {{"kind": "person", {members}}}}}'
    return (json.dumps(question)[:-1] + whom).encode()


def _claiming(members: str) -> bytes:
    """A question whether she is of age, with such members."""
    question = {name: value for name, value in QUESTION.items() if name != "categories"}
    claims = f', "claims": [{{"claim": "age", {members}}}]}}'
    return (json.dumps(question)[:-1] + claims).encode()


MALFORMED: dict[str, bytes] = {
    "10,000 lists in lists": b"[" * 10_000 + b"]" * 10_000,
    "10,000 objects in objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "10,000 lists never closed": b"[" * 10_000,
    "deeper than anybody means": _with("case", "[" * 40 + "]" * 40),
    "a name twice": GOOD[:-1].encode() + b', "case": "case 8"}',
    "a name twice, inside": _with("record", '{"source": "parks", "source": "x", "key": "P1"}'),
    "a name twice, once escaped": GOOD[:-1].encode() + b', "c\\u0061se": "case 8"}',
    "a NUL": _with("case", '"a\\u0000b"'),
    "a raw NUL": _with("case", '"a\x00b"'),
    "a NUL in a name": GOOD[:-1].encode() + b', "a\\u0000": 1}',
    "half a surrogate pair": _with("case", '"\\ud800"'),
    "the other half": _with("case", '"\\udc00"'),
    "half a pair in a name": GOOD[:-1].encode() + b', "\\ud800": 1}',
    "a surrogate as UTF-8": _with("case", '"?"').replace(b"?", b"\xed\xa0\x80"),
    "overlong UTF-8": _with("case", '"?"').replace(b"?", b"\xc0\xaf"),
    "Latin-1": _with("case", '"?"').replace(b"?", b"\xe4"),
    "UTF-16": GOOD.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "NaN": _with("case", "NaN"),
    "Infinity": _with("case", "-Infinity"),
    "a float beyond all": _with("case", "1e999"),
    "a float of 60,000 digits": _with("case", "9" * 60_000 + ".0"),
    "an integer of 60,000 digits": _with("case", "9" * 60_000),
    "an integer of 19 digits": _with("case", "9" * 19),
    "two values": GOOD.encode() * 2,
    "half of it": GOOD[:40].encode(),
    "a comment": b"/* */" + GOOD.encode(),
    "single quotes": b"{'case': 'case 7'}",
}
INVALID: dict[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "a text": b'"text"',
    "nothing in it": b"{}",
    "what nobody asked for": GOOD[:-1].encode() + b', "is_cleared": true}',
    "a prototype": GOOD[:-1].encode() + b', "__proto__": {"x": 1}}',
    "a number for a text": _with("case", "7"),
    "true for a text": _with("case", "true"),
    "an endless case": _with("case", json.dumps("x" * 60_000)),
    "a case of blanks": _with("case", json.dumps("\u2003 \t")),
    "a case of two lines": _with("case", json.dumps("a\nb")),
    "a case with an escape": _with("case", json.dumps("a\x1b[2Jb")),
    "60,000 categories": _with("categories", json.dumps(["x"] * 12_000)),
    "no category": _with("categories", "[]"),
    "a category twice": _with("categories", '["name", "existence", "name"]'),
    "a number for a day": _described('"birth_date": 631152000'),
    "the seconds of a day as text": _described('"birth_date": "631152000"'),
    "a source that is a path": _with("record", '{"source": "../x", "key": "P1"}'),
    "a source that is SQL": _with("record", '{"source": "a\' OR 1=1", "key": "P1"}'),
    "a purpose in capitals of another script": _with("purpose", json.dumps("\u0421licensing")),
    "two ways to name her": GOOD[:-1].encode() + b', "id": "6f9e2c1a-0000-4000-8000-000000000000"}',
}
#: Text that is text: it is taken for what it is, and finds nobody.
STRANGE: dict[str, str] = {
    "right to left": "\u202eP1\u202c",
    "isolates": "\u2066P1\u2069",
    "no width": "P\u200b1",
    "sixty marks on a letter": "P" + "\u0301" * 60 + "1",
    "full width": "\uff30\uff11",
    "tags": "\U000e0050\U000e0031",
    "noncharacters": "\ufffe\uffff",
    "private": "\ue000",
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "decomposed": "\u1100\u1161\u11a8",
}


def refused(answer: httpx.Response, status: int, problem: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}")
    assert answer.elapsed.total_seconds() < SOON_S


@pytest.mark.parametrize("what", MALFORMED)
def test_what_is_no_json_of_one_meaning_is_not_read(target: Target, what: str) -> None:
    refused(target.post(MALFORMED[what]), 400, "body-malformed")


@pytest.mark.parametrize("what", INVALID)
def test_what_states_something_else_is_told_by_field_and_rule(target: Target, what: str) -> None:
    answer = target.post(INVALID[what])
    refused(answer, 422, "request-invalid")
    assert all(one.keys() == {"field", "rule"} for one in answer.json()["errors"])
    assert len(answer.content) < 8_000, "what was sent is not sent back"


@pytest.mark.parametrize(
    ("path", "body", "field", "rule"),
    [
        (PATH, _with("categories", '["name", "existence", "name"]'), "categories", "once"),
        (PATH, _described('"birth_date": 631152000'), "description.birth_date", "iso_8601"),
        (PATH, _described('"birth_date": "631152000"'), "description.birth_date", "iso_8601"),
        ("/v1/verifications", _claiming('"age_min": true'), "claims.0.age.age_min", "number"),
        ("/v1/verifications", _claiming('"age_min": "18"'), "claims.0.age.age_min", "number"),
        ("/v1/verifications", _claiming('"age_min": 18, "on": 0'), "claims.0.age.on", "iso_8601"),
    ],
)
def test_nothing_is_taken_for_what_it_is_not(
    target: Target, path: str, body: bytes, field: str, rule: str
) -> None:
    answer = target.post(body, path)
    refused(answer, 422, "request-invalid")
    assert answer.json()["errors"] == [{"field": f"body.{field}", "rule": rule}]


@pytest.mark.parametrize("what", STRANGE)
def test_strange_text_finds_nobody(target: Target, what: str) -> None:
    key = json.dumps({"source": "parks", "key": STRANGE[what]})
    answer = target.post(_with("record", key))
    assert answer.status_code == 200, answer.text
    assert answer.json()["found"] == "none"
    described = {"kind": "person", "names": [{"family_name": STRANGE[what], "given_name": "A"}]}
    question = {name: value for name, value in QUESTION.items() if name != "record"}
    asked = {**question, "description": {**described, "birth_date": "0001-01-01"}}
    answer = target.post(json.dumps(asked).encode())
    assert answer.status_code in (200, 422), answer.text


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/xml",
        "application/json; charset=utf-16",
        "application/jsonp",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/json, text/plain",
        "",
        ";",
        "application/json;" + "x" * 5_000,
    ],
)
def test_only_what_is_said_to_be_json_is_read(target: Target, media_type: str) -> None:
    answer = target.post(GOOD.encode(), Content_Type=media_type)
    refused(answer, 415, "media-type-refused")


HUGE: Final = b'{"case": "' + b"x" * (10 * MIB) + b'"}'


def _in_pieces() -> Iterator[bytes]:
    for at in range(0, len(HUGE), 65_536):
        yield HUGE[at : at + 65_536]


@pytest.mark.parametrize("path", [PATH, "/oauth/enrolments", "/oauth/token"])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["stated", "chunked"])
def test_ten_megabytes_are_not_taken_in(target: Target, path: str, is_chunked: bool) -> None:
    content = _in_pieces() if is_chunked else HUGE
    media_type = (
        "application/x-www-form-urlencoded" if path == "/oauth/token" else "application/json"
    )
    refused(target.post(content, path, Content_Type=media_type), 413, "body-too-large")


def test_ten_megabytes_of_a_stranger_are_not_taken_in(target: Target) -> None:
    try:
        answer = target.post(HUGE, is_known=False)
    except (httpx.WriteError, httpx.ReadError):
        return
    refused(answer, 401, "credentials-refused")


def test_the_largest_body_that_is_read_takes_little(target: Target) -> None:
    refused(target.post(b'{"case": [' + b"[]," * 21_000 + b"1]}"), 422, "request-invalid")
