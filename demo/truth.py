"""Who each record truly is, and what a generated world contains.

Decides truth.csv (`record,entity`, a line per good row) and manifest.json. Entities are p<number>
for persons and o<number> for organizations.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TextIO

from demo.faults import Fault

TRUTH_FILE = "truth.csv"
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class SourceCount:
    """One source's rows. `rows` counts all of them, the planted broken ones included."""

    rows: int
    planted: dict[str, int] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """Rows that are good, each a line of the truth file."""
        return self.rows - sum(self.planted.values())


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was generated, and from what. The same people, seed and today give the same world."""

    people: int
    businesses: int
    seed: int
    today: date
    sources: dict[str, SourceCount]

    @property
    def records(self) -> int:
        """Good rows of all sources."""
        return sum(count.records for count in self.sources.values())

    def save(self, folder: Path) -> None:
        """Write manifest.json into the folder."""
        content = asdict(self) | {"today": self.today.isoformat(), "records": self.records}
        text = json.dumps(content, indent=2)
        (folder / MANIFEST_FILE).write_text(text + "\n", "utf-8", newline="\n")

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read the manifest of a generated folder. Raises FileNotFoundError where there is none."""
        content = json.loads((folder / MANIFEST_FILE).read_text("utf-8"))
        return cls(
            people=content["people"],
            businesses=content["businesses"],
            seed=content["seed"],
            today=date.fromisoformat(content["today"]),
            sources={name: SourceCount(**count) for name, count in content["sources"].items()},
        )


class Ledger:
    """Written to while the agencies write their files: each good row's truth, each fault planted."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / TRUTH_FILE
        self._rows: Counter[str] = Counter()
        self._planted: dict[str, Counter[str]] = {}
        self._stream: TextIO

    def __enter__(self) -> Ledger:
        self._stream = self._path.open("w", encoding="utf-8", newline="\n")
        self._stream.write("record,entity\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def person(self, source: str, key: str, number: int) -> None:
        """A good row about a person."""
        self._rows[source] += 1
        self._stream.write(f"{source}:{key},p{number}\n")

    def organization(self, source: str, key: str, number: int) -> None:
        """A good row about an organization."""
        self._rows[source] += 1
        self._stream.write(f"{source}:{key},o{number}\n")

    def fault(self, source: str, kind: Fault) -> None:
        """A row broken on purpose."""
        self._rows[source] += 1
        self._planted.setdefault(source, Counter())[kind.value] += 1

    def counts(self) -> dict[str, SourceCount]:
        """Rows and planted faults per source, in the order the sources were written."""
        return {
            source: SourceCount(rows, dict(sorted(self._planted.get(source, {}).items())))
            for source, rows in self._rows.items()
        }
