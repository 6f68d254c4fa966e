"""Prometheus's measures of all processes of a hub as one, told on loopback.

Decides where processes put them, how they are added up, and that only the machine itself may read them. What is
measured is api/observing.py's and hub/journeys/metrics.py's to say.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Metric, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from api.server import PortRefused

_LOOPBACK: Final = "127.0.0.1"
#: Read by prometheus_client in a process that is started after it was set, before the first measure is made.
_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_OURS: Final = "hub_"


class Measures(Collector):
    """The hub's own measures: of this process, and of those that write into a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Each measure once: counts and times added up, of what stands at a height the highest."""
        found: dict[str, Metric] = {}
        for metric in self._all():
            if not metric.name.startswith(_OURS):
                continue
            before = found.get(metric.name)
            found[metric.name] = metric if before is None else _joined(before, metric)
        return found.values()

    def _all(self) -> Iterator[Metric]:
        yield from REGISTRY.collect()
        if self._folder is not None:
            written = MultiProcessCollector(None, str(self._folder))  # type: ignore[no-untyped-call]
            yield from written.collect()  # type: ignore[no-untyped-call]


@contextmanager
def told(port: int, processes: int, beside: Path) -> Iterator[None]:
    """Tell the measures on that port while the block runs; 0 for none. Raises PortRefused.

    beside: the folder in which that of several processes' measures is made, 0700; it is gone when the block ends.
    """
    if port == 0:
        yield
        return
    with ExitStack() as stack:
        folder = None
        if processes > 1:
            made = tempfile.TemporaryDirectory(prefix="measures-", dir=beside)
            folder = Path(stack.enter_context(made)).absolute()
            os.environ[_FOLDER] = str(folder)
            stack.callback(os.environ.pop, _FOLDER, None)
        registry = CollectorRegistry()
        registry.register(Measures(folder))
        try:
            server, thread = start_http_server(port, _LOOPBACK, registry)
        except OSError as error:
            raise PortRefused(_LOOPBACK, port, error.strerror, "HUB_METRICS_PORT") from error
        stack.callback(thread.join)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        yield


def _joined(one: Metric, other: Metric) -> Metric:
    values: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for sample in (*one.samples, *other.samples):
        if sample.name.endswith("_created"):
            continue
        key = (sample.name, tuple(sorted(sample.labels.items())))
        if one.type == "gauge":
            values[key] = max(values.get(key, sample.value), sample.value)
        else:
            values[key] = values.get(key, 0.0) + sample.value
    made = Metric(one.name, one.documentation, one.type)
    made.samples = [Sample(name, dict(labels), value) for (name, labels), value in values.items()]
    return made
