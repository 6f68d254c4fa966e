"""What is no HTTP, comes too slowly or does not end: each is refused, or hung up on, in bounded time and memory, and the server goes on."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.api.short_of_time import TIMEOUT_S
from tests.api.target import GOOD, MIB, PATH, QUESTION, SOON_S, Target

pytestmark = pytest.mark.usefixtures("harmless")


Send = Callable[[Target], list[bytes]]
BROKEN: dict[str, Send] = {
    "a negative length": lambda to: [to.head("Content-Length: -1")],
    "a length that is none": lambda to: [to.head("Content-Length: 0x10")],
    "a length with a sign": lambda to: [to.head("Content-Length: +5"), b"{}   "],
    "a length of 5,000 digits": lambda to: [to.head("Content-Length: " + "9" * 5_000)],
    "two lengths": lambda to: [to.head("Content-Length: 2", "Content-Length: 3"), b"{} "],
    "an unknown encoding": lambda to: [to.head("Transfer-Encoding: gzip"), b"{}"],
    "a chunk of negative size": lambda to: [to.head("Transfer-Encoding: chunked"), b"-1\r\n"],
    "a chunk whose size is none": lambda to: [to.head("Transfer-Encoding: chunked"), b"zz\r\n"],
    "a chunk of endless size": lambda to: [
        to.head("Transfer-Encoding: chunked"),
        b"f" * 100 + b"\r\n",
    ],
    "10,000 headers": lambda to: [to.head(*(f"X-{n}: {n}" for n in range(10_000)))],
    "a header of a megabyte": lambda to: [to.head("X-Much: " + "x" * MIB)],
    "an address of a megabyte": lambda _: [b"GET /" + b"x" * MIB + b" HTTP/1.1\r\nHost: h\r\n\r\n"],
    "no host": lambda _: [b"GET /health/live HTTP/1.1\r\n\r\n"],
    "two hosts": lambda _: [b"GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
    "a NUL in a header": lambda to: [to.head("X-A: a\x00b")],
    "a header without a name": lambda to: [to.head(": a")],
    "a blank before the colon": lambda to: [to.head("Content-Length : 5")],
    "no HTTP": lambda _: [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50 + b"\r\n\r\n"],
    "a line that never ends": lambda _: [b"A" * (2 * MIB)],
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_http_is_refused_or_hung_up_on(target: Target, what: str) -> None:
    sent = BROKEN[what](target)
    began_s = time.monotonic()
    answer = target.raw(*sent)
    assert time.monotonic() - began_s < TIMEOUT_S + SOON_S
    assert answer == b"" or 400 <= _status(answer) < 500, answer[:200]


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_garbage_after_a_request_does_not_reach_the_next(target: Target) -> None:
    head = target.head(f"Content-Length: {len(GOOD)}", "Content-Type: application/json")
    answer = target.raw(head + GOOD.encode() + b"garbage without an end\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 400 " in answer


def test_a_body_whose_end_is_stated_twice_is_refused_and_hung_up_on(target: Target) -> None:
    """A proxy that goes by the other statement would take the rest for another caller's request."""
    hidden = b"GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n"
    head = target.head("Content-Length: 4", "Transfer-Encoding: chunked")
    answer = target.raw(head + b"0\r\n\r\n" + hidden)
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1


def hung_up_after_s(target: Target, connection: socket.socket, *, byte: bytes = b"") -> float:
    """How long it takes to be hung up on, sending a byte now and then."""
    began_s = time.monotonic()
    connection.settimeout(0.1)
    while time.monotonic() - began_s < 15:
        try:
            if byte:
                connection.sendall(byte)
            if not connection.recv(65_536):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began_s


@pytest.mark.parametrize("begun", [b"", b"P", b"POST / HTTP/1.1\r\nHost: h\r\nX-A: "])
@pytest.mark.parametrize("byte", [b"", b"x"], ids=["silent", "byte by byte"])
def test_a_slow_head_is_hung_up_on(target: Target, begun: bytes, byte: bytes) -> None:
    with closing(target.connect()) as connection:
        connection.sendall(begun)
        assert hung_up_after_s(target, connection, byte=byte) < TIMEOUT_S + SOON_S


def test_a_slow_second_head_is_hung_up_on(target: Target) -> None:
    with closing(target.connect()) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET /he")
        assert hung_up_after_s(target, connection, byte=b"a") < TIMEOUT_S + SOON_S


@pytest.mark.parametrize("byte", [b"", b" "], ids=["silent", "byte by byte"])
@pytest.mark.parametrize(
    "length", ["Content-Length: 60000", "Transfer-Encoding: chunked"], ids=["stated", "chunked"]
)
def test_a_slow_body_is_told_so(target: Target, byte: bytes, length: str) -> None:
    head = target.head(length, "Content-Type: application/json")
    piece = b"1\r\n \r\n" if "chunked" in length and byte else byte
    began_s = time.monotonic()
    with closing(target.connect()) as connection:
        connection.sendall(head)
        connection.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() - began_s < 15:
            try:
                if piece:
                    connection.sendall(piece)
                answer = connection.recv(65_536)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 "), answer[:200]
        assert time.monotonic() - began_s < TIMEOUT_S + SOON_S
        assert hung_up_after_s(target, connection, byte=piece) < TIMEOUT_S + SOON_S


def test_who_sends_on_after_the_answer_is_hung_up_on(target: Target) -> None:
    with closing(target.connect()) as connection:
        connection.sendall(target.head("Transfer-Encoding: chunked", is_known=False))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 401 ")
        assert hung_up_after_s(target, connection, byte=b"1\r\n \r\n") < 2 * TIMEOUT_S + SOON_S


def test_slow_callers_do_not_keep_others_waiting(target: Target) -> None:
    slow = [target.connect() for _ in range(100)]
    try:
        for one in slow:
            one.sendall(target.head("Content-Length: 60000", is_known=False)[:-2])
        began_s = time.monotonic()
        assert target.post(GOOD.encode()).status_code == 200
        assert time.monotonic() - began_s < SOON_S
    finally:
        for one in slow:
            one.close()


def test_nothing_it_was_sent_stands_in_its_log(target: Target) -> None:
    secret = "Quillfeather-Vane"
    target.post(json.dumps({**QUESTION, "record": {"source": "parks", "key": secret}}).encode())
    target.post(json.dumps({**QUESTION, "case": secret}).encode() + b"{")
    target.post(GOOD.encode(), path=f"{PATH}/{secret}?{secret}={secret}", X_Secret=secret)
    target.raw(f"{secret} {secret} {secret}\r\n\r\n".encode())
    log = target.log.read_text("utf-8")
    assert '"route": "/v1/profile-lookups"' in log
    assert secret not in log
    assert '"level": "error"' not in log, "nothing above failed in the hub itself"
