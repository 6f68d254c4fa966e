"""What differs between two policies, as values: what an officer is shown before a new one is loaded.

Decides what counts as the same thing: an agency or purpose by its id, an agreement by id and revision. The
order of statements and what the database adds (epochs, an early end) are no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from consent.policy import Agency, Agreement, DeclaredPurpose, Policy


class ChangeKind(StrEnum):
    """What became of a statement."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a statement, in words: sets sorted, days as in 2026-01-31."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """One statement that is new, gone or different. what: agency, purpose or agreement."""

    kind: ChangeKind
    what: str
    id: str
    fields: tuple[FieldChange, ...] = ()

    def __str__(self) -> str:
        told = ", ".join(f"{one.name} {one.old} -> {one.new}" for one in self.fields)
        return f"{self.kind} {self.what} {self.id}" + (f": {told}" if told else "")


_Statement = Agency | DeclaredPurpose | Agreement
_NOT_STATED: Final = frozenset({"epoch", "ended_at"})


def diff(old: Policy, new: Policy) -> tuple[Change, ...]:
    """What must change for the old policy to become the new one, by kind of statement and id."""
    return (
        *_changes("agency", _by_id(old.agencies), _by_id(new.agencies)),
        *_changes("purpose", _by_id(old.purposes), _by_id(new.purposes)),
        *_changes(
            "agreement",
            {str(one.ref): one for one in old.agreements},
            {str(one.ref): one for one in new.agreements},
        ),
    )


def _by_id(statements: Iterable[Agency | DeclaredPurpose]) -> dict[str, _Statement]:
    return {one.id: one for one in statements}


def _changes(
    what: str, old: Mapping[str, _Statement], new: Mapping[str, _Statement]
) -> list[Change]:
    found: list[Change] = []
    for id_ in sorted(old.keys() | new.keys()):
        if id_ not in old:
            found.append(Change(ChangeKind.ADDED, what, id_))
        elif id_ not in new:
            found.append(Change(ChangeKind.REMOVED, what, id_))
        elif changed := _fields(old[id_], new[id_]):
            found.append(Change(ChangeKind.CHANGED, what, id_, changed))
    return found


def _fields(old: _Statement, new: _Statement) -> tuple[FieldChange, ...]:
    names = [one.name for one in fields(old) if one.name not in _NOT_STATED]
    pairs = [(name, _told(getattr(old, name)), _told(getattr(new, name))) for name in names]
    return tuple(FieldChange(name, was, now) for name, was, now in pairs if was != now)


def _told(value: object) -> str:
    if isinstance(value, frozenset):
        return "[" + ", ".join(sorted(map(str, value))) + "]"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(str, value)) + "]"
    return str(value)
