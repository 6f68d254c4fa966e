"""`hub serve`: the hub over HTTP, in several processes, with the disclosure log sealed beside them."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from types import FrameType
from typing import Final, NoReturn

import anyio.to_thread
import structlog
from fastapi import FastAPI

from api import measures, server
from api.app import create_app
from api.guard import BRIEF_AT_ONCE
from hub import wiring
from hub.cli.failures import sentence_for, unforeseen
from hub.cli.output import errors, refuse
from hub.journeys.scorers import prove_scorers
from hub.journeys.sealing_worker import SealingWorker
from hub.settings import Settings, read_settings

_APPLICATION: Final = "hub.cli.serve:application"

#: Calls that are not brief and that one process works on at once, each with a connection.
THREADS: Final = 8


def serve() -> None:
    """Serve the hub over HTTP until interrupted, with the embedded database, if it is used, and the log sealed.

    Refuses where the active models do not prove themselves here: their code must give the answers it gave
    when they were published.
    """
    settings = read_settings()
    wiring.require_fit(settings)
    wiring.pushed_sources(settings)  # here, where the operator sees what is wrong with one
    log_as_json()
    # First of all: a second hub of the same folder must not get as far as the first one's database.
    with server.listen(settings.host, settings.port) as listening:
        _end_when_told()
        try:
            wiring.init(settings)
            _answer(settings, listening)
        finally:
            wiring.stop_server(settings)


def _answer(settings: Settings, listening: socket.socket) -> None:
    with (
        wiring.open_hub(settings) as hub,
        measures.told(settings.metrics_port, settings.processes, settings.data_dir),
    ):
        prove_scorers(hub)
        with SealingWorker(hub):
            errors.print(f"serving at {settings.public_url}; interrupt to stop")
            server.serve(server.config(_APPLICATION, processes=settings.processes), listening)


def _end_when_told() -> None:
    """Make SIGINT and SIGTERM an end like any other, with exit code 0: to be stopped is how serving ends."""

    def end(_: int, __: FrameType | None) -> NoReturn:
        sys.exit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def application() -> FastAPI:
    """One process's application, by the settings of its environment; uvicorn calls it in each.

    One that cannot be made ends the process in the way that its parent takes as an end of all.
    """
    log_as_json()
    _end_with_the_supervisor()
    try:
        return _application(read_settings())
    except Exception as error:  # noqa: BLE001 (nothing of a foreign message may reach the log)
        refuse(sentence_for(error) or unforeseen(error))
    sys.exit(server.STARTUP_FAILURE)


def _application(settings: Settings) -> FastAPI:
    stack = ExitStack()
    sources = wiring.pushed_sources(settings)
    hub = replace(
        stack.enter_context(wiring.open_hub(settings, pool_size=THREADS + BRIEF_AT_ONCE)),
        sources=sources,
    )
    app = create_app(hub, processes=settings.processes)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        with stack:
            yield

    app.router.lifespan_context = lifespan
    return app


def _end_with_the_supervisor() -> None:
    """Stop when the process that started this one is gone: it seals the log, and the next one needs the port."""
    supervisor = multiprocessing.parent_process()
    if supervisor is None:
        return

    def wait() -> None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="supervisor", daemon=True).start()


def log_as_json() -> None:
    """One JSON object a line on standard error: what happened, when, and no value of anybody."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    # uvicorn's own lines name what went wrong with a connection, never what was asked over it.
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
