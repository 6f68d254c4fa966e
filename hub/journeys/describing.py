"""Find whom an agency describes by attributes, by nothing but what the agency may receive of them.

Decides that a description is weighed against each candidate as if only the values existed that a decision
permits: what is withheld speaks neither for nor against, else answers would tell of it. A constituent all of
whose permitted values leave her below the bar is not found. What is released of one who is found is decided
anew, under her lock, by look_up.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from sqlalchemy import Connection

from consent.decision import Decision, Request, decide
from consent.policy import Policy
from consent.vocabulary import DataCategory, category_of_scheme
from hub.domain.records import (
    Address,
    ConstituentKind,
    ContactPoint,
    Identifier,
    Name,
    Record,
    RecordKey,
)
from hub.domain.sensitivity import SensitivityClass
from hub.journeys.blobs import features_from_blob
from hub.journeys.change import asking_with
from hub.journeys.context import Hub
from hub.journeys.facts import facts_at, hashes_of, points_of
from hub.journeys.scorers import Weigher, weigher_for
from hub.store import explaining, lookups, subjects, surroundings
from hub.store.surroundings import SealedFeatures
from hub.vault.sealing import RecordSealer
from hub.vault.tags import Tagger
from matching.blocking import is_poor, keys
from matching.features import COLUMNS, Features, derive

#: What a description states at least: OWASP API6:2023 asks that search be no enumeration.
ATTRIBUTES_MIN: Final = 2

_NOBODYS: Final = RecordKey("described", "-")


@dataclass(frozen=True, slots=True)
class Description:
    """What an agency knows of whom it asks for, as records state it."""

    kind: ConstituentKind
    names: tuple[Name, ...] = ()
    birth_date: date | None = None
    addresses: tuple[Address, ...] = ()
    contact_points: tuple[ContactPoint, ...] = ()
    identifiers: tuple[Identifier, ...] = ()

    def stated(self) -> int:
        """How many attributes it states, of name, birth date, address, contact point and identifier."""
        given = (
            self.names,
            self.birth_date,
            self.addresses,
            self.contact_points,
            self.identifiers,
        )
        return sum(bool(one) for one in given)

    def features(self) -> Features:
        """The same, comparable."""
        return derive(
            Record(
                _NOBODYS,
                self.kind,
                names=self.names,
                birth_date=self.birth_date,
                addresses=self.addresses,
                contact_points=self.contact_points,
                identifiers=self.identifiers,
            )
        )


@dataclass(frozen=True, slots=True)
class TooLittle:
    """The description holds no two attributes to search by: a name alone finds nobody, however rare."""


@dataclass(frozen=True, slots=True)
class Several:
    """It fits more than one constituent."""


def find(
    hub: Hub, connection: Connection, policy: Policy, request: Request, described: Description
) -> int | TooLittle | Several | None:
    """The current id, by age number, of the one constituent that is described; None where none is.

    request: as the caller asks; what it may receive at most is decided for its whole scope.
    """
    features = described.features()
    searched = keys(described.kind, features)
    # Records do meet by a whole name, or by a number; to ask by one thing alone is to fish.
    if described.stated() < ATTRIBUTES_MIN or not searched:
        return TooLittle()
    model_id = explaining.active_model(connection, described.kind)
    if model_id is None:
        return None
    weigher = weigher_for(hub, connection, model_id)
    tagger = Tagger(hub.keys)
    tags = [(tagger.tag(key.rule, key.value), key.rule) for key in searched]
    asking = asking_with(tags, is_poor(described.kind, features), weigher)
    near = [sealed for sealed, _ in surroundings.candidates(connection, asking)]
    found = _fitting(
        hub, connection, policy, request, _Sought(described.kind, features, weigher, near)
    )
    if len(found) > 1:
        return Several()
    return next(iter(found), None)


@dataclass(frozen=True, slots=True)
class _Sought:
    """A description, ready to be weighed, and the records that share a tag with it."""

    kind: ConstituentKind
    features: Features
    weigher: Weigher
    near: Sequence[SealedFeatures]


def _fitting(
    hub: Hub, connection: Connection, policy: Policy, request: Request, sought: _Sought
) -> set[int]:
    placed = lookups.constituents_of(connection, [one.id for one in sought.near])
    decisions = _decisions(
        hub, connection, policy, request, {number for number, _ in placed.values()}
    )
    opener = RecordSealer(hub.keys)
    rows = [(one.id, one.version, one.wrapped_key, one.match) for one in sought.near]
    blobs = opener.open_many(SensitivityClass.MATCH, rows)
    scorer = sought.weigher.scorer
    own = scorer.prepare(sought.features)
    best: defaultdict[int, int] = defaultdict(lambda: -1)
    for one, blob in zip(sought.near, blobs, strict=True):
        if one.id not in placed:
            continue
        number, agency = placed[one.id]
        permitted = decisions[number].permitted(agency)
        if permitted:
            seen = masked(sought.kind, features_from_blob(blob), permitted)
            best[number] = max(best[number], scorer.weigh(own, scorer.prepare(seen)))
    bar = sought.weigher.bars.link_min_microbits
    return {number for number, microbits in best.items() if microbits >= bar}


def _decisions(
    hub: Hub, connection: Connection, policy: Policy, request: Request, numbers: Iterable[int]
) -> dict[int, Decision]:
    """What the caller may receive at most of each of those constituents."""
    wanted = sorted(numbers)
    if not wanted:
        return {}
    widest = replace(request, requested=request.scope)
    ids = subjects.ids_of_many(connection, wanted)
    holders = lookups.held_by(connection, wanted)
    hashes = hashes_of(hub.keys, (number for one in ids.values() for number in one.all))
    stored = subjects.read(connection, list(hashes.values()))
    return {
        number: decide(
            widest,
            facts_at(
                hub.keys,
                stored,
                points_of(ids[number], hashes, stored),
                policy,
                holders.get(number, frozenset()),
            ),
        )
        for number in wanted
    }


# --- what of a record may speak -------------------------------------------------------------------


def masked(
    kind: ConstituentKind, features: Features, permitted: frozenset[DataCategory]
) -> Features:
    """The comparable values of the permitted categories alone."""
    values = dict(zip(COLUMNS[kind], features.values, strict=True))
    scheme = values["other_scheme"]
    other = category_of_scheme(scheme) if scheme else DataCategory.IDENTIFIER
    kept = tuple(
        value if (category or other) in permitted else None
        for value, category in zip(features.values, _CATEGORIES[kind], strict=True)
    )
    return Features(kept, features.custom if DataCategory.CUSTOM in permitted else {})


_NAME, _ADDRESS, _CONTACT = DataCategory.NAME, DataCategory.ADDRESS, DataCategory.CONTACT

#: What each comparison column is a value of; None: an identifier, by its scheme.
_OF_COLUMN: Final[dict[str, DataCategory | None]] = {
    **dict.fromkeys(("given", "given_root", "given_sound", "middle", "suffix"), _NAME),
    **dict.fromkeys(("family", "family_sound", "family_other"), _NAME),
    **dict.fromkeys(("name", "name_sound", "name_sorted", "trading_name"), _NAME),
    "sex": DataCategory.SEX,
    "birth": DataCategory.BIRTH_DATE,
    **dict.fromkeys(("other_scheme", "other_id"), None),
    **dict.fromkeys(("phone", "email", "email_local", "email_domain"), _CONTACT),
    **dict.fromkeys(("line", "house", "street", "post_code", "city"), _ADDRESS),
}

#: A person's national number opens doors; a business's stands on its invoices.
_NATIONAL: Final = {
    ConstituentKind.PERSON: DataCategory.SENSITIVE_IDENTIFIER,
    ConstituentKind.ORGANIZATION: DataCategory.IDENTIFIER,
}

_CATEGORIES: Final = {
    kind: tuple(
        _NATIONAL[kind] if name in ("national_id", "id_last4") else _OF_COLUMN[name]
        for name in columns
    )
    for kind, columns in COLUMNS.items()
}
