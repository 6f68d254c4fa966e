"""Work spread over processes, or done in place: the same functions either way."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Generic, TypeVar

State = TypeVar("State")
Job = TypeVar("Job")
Answer = TypeVar("Answer")

_GC_THRESHOLD = 200_000


def look_for_cycles_seldom() -> None:
    """Let the garbage collector of this process wait: the work here makes many small objects and no cycles,
    and looking for cycles would cost a fifth of it."""
    gc.set_threshold(_GC_THRESHOLD)


_state: list[object] = []  # one element in a worker process: what `begin` made there


def _begin(make_state: Callable[..., object], arguments: tuple[object, ...]) -> None:
    # A terminal interrupts the whole group; the parent decides, and its workers end with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _state[:] = [make_state(*arguments)]
    look_for_cycles_seldom()


def _end_with_parent() -> None:
    # A parent that is killed cannot tell its workers, and they would wait for work for ever.
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _run(work: Callable[[object, Job], Answer], job: Job) -> Answer:
    return work(_state[0], job)


class Workers(Generic[State]):
    """Runs `work(state, job)` in a process that made its state once, or here and now."""

    def __init__(
        self, executor: ProcessPoolExecutor | None, state: State | None, lanes: int
    ) -> None:
        self._executor = executor
        self._here = state
        self.lanes = lanes

    def submit(self, work: Callable[[State, Job], Answer], job: Job) -> Future[Answer]:
        """Start a job; without processes it is done when this returns. `work` is a module's function."""
        if self._executor is not None:
            return self._executor.submit(_run, work, job)  # type: ignore[arg-type]
        future: Future[Answer] = Future()
        try:
            future.set_result(work(self._here, job))  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001 (handed to whoever asks for the result)
            future.set_exception(error)
        return future


@contextmanager
def workers(
    processes: int, make_state: Callable[..., State], arguments: tuple[object, ...]
) -> Iterator[Workers[State]]:
    """Open `processes` workers, each with its own state; 0 or 1 work in this process.

    Spawned, not forked: a fork would share open connections and the parent's threads' locks.
    """
    if processes <= 1:
        yield Workers(None, make_state(*arguments), 1)
        return
    executor = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(make_state, arguments),
    )
    with executor:
        yield Workers(executor, None, processes)
