"""Source documents in words, for the tests of this package."""

from __future__ import annotations

from pathlib import Path

import yaml

from connectors.source import Source, load_source

DRIVERS: dict[str, object] = {
    "schema": "hub/source@1",
    "id": "vehicles",
    "agency": "vehicles",
    "kind": "person",
    "mode": "snapshot",
    "connection": {"type": "files", "path": "drivers.csv"},
    "key": "driver_no",
    "map": {"given_name": "first_name", "family_name": "last_name"},
}

BUSINESSES: dict[str, object] = {
    **DRIVERS,
    "id": "business_registry",
    "kind": "organization",
    "key": "reg_no",
    "map": {"legal_name": "name"},
}


def write(folder: Path, document: dict[str, object], /, **changes: object) -> Path:
    """The document as a YAML file, with some of its fields changed (None: left out)."""
    content = {name: value for name, value in {**document, **changes}.items() if value is not None}
    path = folder / "source.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "utf-8")
    return path


def source(folder: Path, document: dict[str, object] = DRIVERS, /, **changes: object) -> Source:
    """The document, changed and loaded."""
    return load_source(write(folder, document, **changes))


def no_secrets(name: str) -> str | None:
    """An environment without secrets."""
    return None
