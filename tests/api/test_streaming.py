"""Answers made while they are read, over a real server: whole, broken off, and nobody there to read them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from fastapi import FastAPI, Response

from api import server
from api.streaming import CHUNK_BYTES, CHUNKS_AHEAD, BrokenOff, Write, streamed
from tests.api.running import plain

#: More than sockets and the chunks ahead can hold together.
MUCH = 64 * 1024 * 1024


@contextmanager
def answering(produce: Callable[[Write], object], ended: threading.Event) -> Iterator[str]:
    app = FastAPI()

    @app.get("/")
    def answer() -> Response:
        return streamed(produce, "text/plain", ended=ended.set, patience_s=1.0)

    with server.answering(app, server.listen("127.0.0.1", 0)) as url:
        yield url


@pytest.mark.parametrize("lines", [0, 1, 200_000])
def test_an_answer_comes_whole_and_in_order(lines: int) -> None:
    said = [f"{number}\n".encode() for number in range(lines)]
    ended = threading.Event()

    def produce(write: Write) -> None:
        for line in said:
            write(line)

    with answering(produce, ended) as url, plain(url) as caller:
        assert caller.get("/").content == b"".join(said)
        assert ended.wait(5)


def test_one_that_breaks_off_does_not_look_whole_and_its_reason_stays_here(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended = threading.Event()

    def produce(write: Write) -> None:
        write(b"x" * 3 * CHUNK_BYTES)
        raise OSError("Maria Okafor's disk")

    with answering(produce, ended) as url, plain(url) as caller:
        with pytest.raises(httpx.RemoteProtocolError):
            caller.get("/")
        assert ended.wait(5)
    told = capsys.readouterr()
    assert "OSError" in told.out
    assert "Okafor" not in told.out + told.err


@pytest.mark.parametrize("is_leaving", [True, False], ids=["one who leaves", "one who stalls"])
def test_nothing_is_made_for_long_for(is_leaving: bool) -> None:
    ended = threading.Event()
    written: list[int] = []
    stopped: list[type[Exception]] = []

    def produce(write: Write) -> None:
        try:
            for _ in range(MUCH // CHUNK_BYTES):
                write(b"x" * CHUNK_BYTES)
                written.append(CHUNK_BYTES)
        except Exception as error:
            stopped.append(type(error))
            raise

    with answering(produce, ended) as url:
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n")
            assert caller.recv(64).startswith(b"HTTP/1.1 200")
            if is_leaving:
                caller.close()
            assert ended.wait(10), "what nobody reads is still being made"
    assert stopped == [BrokenOff]
    assert sum(written) < MUCH
    assert len(written) > CHUNKS_AHEAD
