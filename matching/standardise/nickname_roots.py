"""The one name that a given name and its nicknames meet under.

Which nicknames belong to which name is the `nicknames` library's knowledge; where one belongs to
several, common_given_names.yaml decides.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from nicknames import NickNamer
from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal["hub/common-given-names@1"] = Field(alias="schema")
    given_names: tuple[Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]+$")], ...]


def nickname_root(given_name: str) -> str:
    """The name that a given name is a nickname of; itself where none is known.

    The library maps a name to many (bill: william, robert, will ...), and a comparison column
    holds one value. So a name climbs to the smallest of its canonical names, smallest by: place in
    common_given_names.yaml, then number of nicknames (most first), then spelling; again from there,
    until nothing smaller is found. The order is strict, so the climb ends, and it is the same for
    all: will, bill and william meet at "william"; sam goes to samuel, never to samantha.
    `given_name` is a value of names.given(); of several words the first decides.
    """
    return _root(given_name.partition(" ")[0]) or given_name


def _ranks(path: Path) -> dict[str, int]:
    file = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    if len(set(file.given_names)) < len(file.given_names):
        raise ValueError(f"{path.name}: a name is listed twice")
    return {name: rank for rank, name in enumerate(file.given_names)}


_RANKS: Final = _ranks(Path(__file__).with_name("common_given_names.yaml"))
_NICKNAMES: Final = NickNamer()


def _order(name: str) -> tuple[int, int, str]:
    return (_RANKS.get(name, len(_RANKS)), -len(_NICKNAMES.nicknames_of(name)), name)


@lru_cache(maxsize=65_536)
def _root(name: str) -> str:
    while True:
        # A few of the library's names have signs ("jo ann"): no value of names.given() meets them.
        known = {c for c in _NICKNAMES.canonicals_of(name) if c.isascii() and c.isalpha()}
        least = min(known | {name}, key=_order)
        if least == name:
            return name
        name = least
