"""The words of postal addresses, loaded from usps.yaml and checked once, at import.

Only the vocabulary: what a word in an address is written as. Reading addresses is addresses.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_Word = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9.]+$")]
_Code = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2}$")]
_Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z ]+$")]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal["hub/usps@1"] = Field(alias="schema")
    directionals: dict[_Word, tuple[_Word, ...]]
    street_types: dict[_Word, tuple[_Word, ...]]
    ordinals: dict[_Word, tuple[_Word, ...]]
    unit_words: tuple[_Word, ...]
    lone_unit_words: tuple[_Word, ...]
    states: dict[_Code, _Name]


def _read(path: Path) -> _File:
    return _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def _abbreviations(*tables: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Spelling to abbreviation. A spelling may not lead to two, nor an abbreviation onwards."""
    found: dict[str, str] = {}
    for table in tables:
        for short, spellings in table.items():
            for spelling in spellings:
                if found.setdefault(spelling, short) != short:
                    raise ValueError(f"usps.yaml: {spelling} stands for two abbreviations")
    if chained := sorted(short for short in found.values() if short in found):
        raise ValueError(f"usps.yaml: {', '.join(chained)} is an abbreviation and is abbreviated")
    return found


_FILE: Final = _read(Path(__file__).with_name("usps.yaml"))

DIRECTIONALS: Final = frozenset(_FILE.directionals)
ABBREVIATIONS: Final = _abbreviations(_FILE.directionals, _FILE.street_types, _FILE.ordinals)
UNIT_WORDS: Final = frozenset(_FILE.unit_words)
LONE_UNIT_WORDS: Final = frozenset(_FILE.lone_unit_words)
_STATE_CODES: Final = frozenset(_FILE.states)
_STATE_CODE_BY_NAME: Final = {name: code for code, name in _FILE.states.items()}


def state_code(words: Sequence[str]) -> str | None:
    """The code of the state that folded words name ("wa", "d c", "new york"); None for no state."""
    joined = "".join(words)
    return joined if joined in _STATE_CODES else _STATE_CODE_BY_NAME.get(" ".join(words))
