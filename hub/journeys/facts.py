"""What is known of a constituent when deciding: her facts gathered, opened, and put as consent sees them.

Decides which stored facts count for whom: all under the ids that stand for her now, and of ids her records
were under before only what narrows, from before they left. So a split never widens. Locks are subjects.py's;
a replay reads the same facts at the epochs a log entry names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from consent.decision import Facts
from consent.policy import (
    AgencyId,
    AgreementRef,
    Clearance,
    ConsentEvent,
    Policy,
    Representation,
    Restriction,
)
from consent.vocabulary import (
    CollectionMethod,
    ConsentState,
    DataCategory,
    RepresentationKind,
    RestrictionKind,
)
from hub.domain.errors import SealBroken
from hub.journeys.context import Hub
from hub.store import subjects
from hub.store.subjects import SealedKind, StoredConsent, StoredFact, StoredFacts, SubjectIds
from hub.vault.keyring import RootKey
from hub.vault.sealing import SubjectSealer
from hub.vault.tags import Pseudonyms

#: Clocks of two machines may differ by so much; a fact that a record may have taken along counts.
CLOCKS_DIFFER_MAX: Final = timedelta(minutes=1)

#: A fact's text is filled up to a multiple of so many bytes: its length would tell its kind.
_FILLED_TO: Final = 256

_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Point:
    """One id's facts as a decision reads them: up to an epoch, and for a former id what narrows until a moment."""

    subject_hash: bytes
    epoch: int
    until: datetime | None = None

    @property
    def name(self) -> str:
        """How a log entry names it."""
        return f"{'subject' if self.until is None else 'former'}.{self.subject_hash.hex()}"


@dataclass(frozen=True, slots=True)
class Gathered:
    """Facts to decide by, the points they were read at, and the wrapped key of the current id, if it has one."""

    facts: Facts
    points: tuple[Point, ...]
    wrapped_key: bytes | None


def gather(
    hub: Hub,
    connection: Connection,
    ids: SubjectIds,
    policy: Policy,
    held_by: frozenset[AgencyId],
    of_current: StoredFacts | None = None,
) -> Gathered:
    """Everything that counts for a constituent now. Under her lock and the policy's. Raises SealBroken.

    of_current: what stands under her current id, where that was read already: mostly it is all there is.
    """
    hashes = hashes_of(hub.keys, ids.all)
    stored = of_current
    if stored is None or len(hashes) > 1:
        stored = subjects.read(connection, list(hashes.values()))
    points = points_of(ids, hashes, stored)
    return Gathered(
        facts_at(hub.keys, stored, points, policy, held_by),
        points,
        stored.wrapped_keys.get(hashes[ids.current]),
    )


def points_of(
    ids: SubjectIds, hashes: Mapping[int, bytes], stored: StoredFacts
) -> tuple[Point, ...]:
    """Where the facts of these ids stand now, the current id's first."""
    epochs = stored.epochs
    standing = [Point(hashes[number], epochs.get(hashes[number], 0)) for number in ids.standing]
    # Of a former id that nothing was ever said of there is nothing to read, now or in a replay.
    former = [
        Point(hashes[number], epochs[hashes[number]], until)
        for number, until in ids.former
        if hashes[number] in epochs
    ]
    return (*standing, *former)


def facts_at(
    keys: RootKey,
    stored: StoredFacts,
    points: Sequence[Point],
    policy: Policy,
    held_by: frozenset[AgencyId],
) -> Facts:
    """The facts as they stood at those points. Raises SealBroken."""
    opener = Opener(keys, stored)
    consents: list[ConsentEvent] = []
    representations: list[Representation] = []
    restrictions: list[Restriction] = []
    for point in points:
        events = [opener.consent(row) for row in stored.consents if _had_been(row, point)]
        facts = [row for row in stored.facts if _had_been(row, point) and opener.can(row)]
        restrictions += [
            opener.restriction(row)
            for row in facts
            if row.kind is SealedKind.RESTRICTION and not _had_ended(row, point)
        ]
        if point.until is not None:
            consents += _refusals(events)
            continue
        consents += events
        representations += [
            opener.representation(row, is_ended=_had_ended(row, point))
            for row in facts
            if row.kind is SealedKind.REPRESENTATION
        ]
    return Facts(
        policy=policy,
        held_by=held_by,
        consents=tuple(consents),
        representations=tuple(representations),
        restrictions=tuple(restrictions),
        subject_epoch=points[0].epoch if points else 0,
    )


def _had_been(row: StoredConsent | StoredFact, point: Point) -> bool:
    is_hers = row.subject_hash == point.subject_hash and row.epoch <= point.epoch
    return is_hers and (point.until is None or row.recorded_at < point.until + CLOCKS_DIFFER_MAX)


def _had_ended(row: StoredFact, point: Point) -> bool:
    return row.ended_epoch is not None and row.ended_epoch <= point.epoch


def _refusals(events: Sequence[ConsentEvent]) -> Iterator[ConsentEvent]:
    """What stands of a "no": the newest word on each category, where it is one."""
    for event in events:
        said_since = frozenset[DataCategory]().union(
            *(
                later.categories
                for later in events
                if later.agreement.id == event.agreement.id and later.epoch > event.epoch
            )
        )
        left = event.categories - said_since
        if left and not event.state.is_valid:
            yield replace(event, categories=left)


class Opener:
    """Opens what hangs on some subjects, each subject's key unwrapped once."""

    def __init__(self, keys: RootKey, stored: StoredFacts) -> None:
        self._keys = keys
        self._stored = stored
        self._sealers: dict[bytes, SubjectSealer] = {}

    def can(self, row: StoredFact) -> bool:
        """Whether it is meant to open: not what was erased. A key that is missing otherwise is an accident."""
        return row.subject_hash not in self._stored.erased

    def consent(self, row: StoredConsent) -> ConsentEvent:
        """The event. What it was recorded with is left out where it was erased."""
        is_erased = row.subject_hash in self._stored.erased
        said = _ERASED_CONSENT if is_erased else self._open(row, consent_context(row.id))
        return ConsentEvent(
            id=f"c{row.id}",
            subject=row.subject_hash.hex(),
            agreement=AgreementRef(row.agreement, row.revision),
            purpose=row.purpose,
            state=ConsentState(row.state),
            categories=frozenset(map(DataCategory, row.categories)),
            notice=said["notice"],
            language=said["language"],
            method=CollectionMethod(said["method"]),
            evidence=said["evidence"],
            at=row.recorded_at,
            given_on=row.given_on,
            epoch=row.epoch,
            valid_until=row.valid_until,
            representation=None if row.representation_id is None else f"r{row.representation_id}",
        )

    def author_of(self, row: StoredConsent | StoredFact) -> str:
        """Who recorded it, `erased` where that was."""
        if row.subject_hash in self._stored.erased:
            return "erased"
        context = (
            consent_context(row.id)
            if isinstance(row, StoredConsent)
            else fact_context(row.kind, row.id)
        )
        author: str = self._open(row, context)["author"]
        return author

    def ended_by(self, row: StoredFact) -> tuple[str, ...]:
        """Who ended a fact; nobody where it was not ended."""
        if row.sealed_end is None:
            return ()
        sealer = self._sealer(row.subject_hash)
        return tuple(_decode(sealer.open(end_context(row.kind, row.id), row.sealed_end))["by"])

    def representation(self, row: StoredFact, *, is_ended: bool) -> Representation:
        said = self._open(row, fact_context(row.kind, row.id))
        purposes = said["purposes"]
        return Representation(
            id=f"r{row.id}",
            subject=row.subject_hash.hex(),
            representative=said["representative"],
            kind=RepresentationKind(said["kind"]),
            starts_on=date.fromisoformat(said["starts_on"]),
            ends_on=date.fromisoformat(said["ends_on"]),
            evidence=said["evidence"],
            purposes=None if purposes is None else frozenset(purposes),
            ended_at=row.ended_at if is_ended else None,
        )

    def restriction(self, row: StoredFact) -> Restriction:
        said = self._open(row, fact_context(row.kind, row.id))
        return Restriction(
            id=f"x{row.id}",
            subject=row.subject_hash.hex(),
            kind=RestrictionKind(said["kind"]),
            authority=said["authority"],
            starts_at=_moment(said["starts_at"]),
            ends_at=_moment(said["ends_at"]),
            clearances=frozenset(
                Clearance(agency, purpose) for agency, purpose in said["clearances"]
            ),
        )

    def _open(self, row: StoredConsent | StoredFact, context: bytes) -> dict[str, Any]:
        return _decode(self._sealer(row.subject_hash).open(context, row.sealed))

    def _sealer(self, subject_hash: bytes) -> SubjectSealer:
        sealer = self._sealers.get(subject_hash)
        if sealer is None:
            wrapped = self._stored.wrapped_keys.get(subject_hash)
            if wrapped is None:
                # Without it a restriction would be passed over in silence.
                raise SealBroken("the key of a subject's facts is missing, and nothing erased it")
            sealer = self._sealers[subject_hash] = SubjectSealer(self._keys, subject_hash, wrapped)
        return sealer


def _encode(said: dict[str, Any]) -> bytes:
    content = msgspec.json.encode(said)
    return content.ljust(-(-len(content) // _FILLED_TO) * _FILLED_TO)


_ERASED_CONSENT: Final = {
    "notice": "erased",
    "language": "und",
    "method": CollectionMethod.PORTAL.value,
    "evidence": "erased",
}


def sealed_consent(event: ConsentEvent, author: str) -> bytes:
    """What of a consent event is sealed."""
    return _encode(
        {
            "notice": event.notice,
            "language": event.language,
            "method": event.method.value,
            "evidence": event.evidence,
            "author": author,
        }
    )


def sealed_representation(one: Representation, author: str) -> bytes:
    """A representation as it is sealed."""
    return _encode(
        {
            "representative": one.representative,
            "kind": one.kind.value,
            "starts_on": one.starts_on.isoformat(),
            "ends_on": one.ends_on.isoformat(),
            "evidence": one.evidence,
            "purposes": None if one.purposes is None else sorted(one.purposes),
            "author": author,
        }
    )


def sealed_restriction(one: Restriction, author: str) -> bytes:
    """A restriction as it is sealed."""
    return _encode(
        {
            "kind": one.kind.value,
            "authority": one.authority,
            "starts_at": None if one.starts_at is None else one.starts_at.isoformat(),
            "ends_at": None if one.ends_at is None else one.ends_at.isoformat(),
            "clearances": sorted(
                ((each.agency, each.purpose) for each in one.clearances),
                key=lambda pair: (pair[0] or "", pair[1] or ""),
            ),
            "author": author,
        }
    )


def consent_context(id_: int) -> bytes:
    """What a consent event's sealed part is bound to."""
    return b"consent" + id_.to_bytes(8, "big")


def fact_context(kind: SealedKind, id_: int) -> bytes:
    """What a sealed fact is bound to."""
    return kind.value.encode() + id_.to_bytes(8, "big")


def sealed_end(by: Sequence[str]) -> bytes:
    """What is sealed of a fact's end: who ended it."""
    return _encode({"by": list(by)})


def end_context(kind: SealedKind, id_: int) -> bytes:
    """What the sealed end of a fact is bound to."""
    return b"end of " + fact_context(kind, id_)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def hashes_of(keys: RootKey, numbers: Iterable[int]) -> dict[int, bytes]:
    """What facts and disclosures of each of these ids are filed under."""
    subject = Pseudonyms(keys).subject
    return {number: subject(number) for number in numbers}


def sealer_for(
    keys: RootKey, connection: Connection, subject_hash: bytes, wrapped_key: bytes | None = None
) -> SubjectSealer:
    """Seals under a subject's key, made now if she has none; wrapped_key: where it was read already."""
    wrapped = wrapped_key or subjects.ensure_key(
        connection, subject_hash, SubjectSealer.new_key(keys, subject_hash)
    )
    return SubjectSealer(keys, subject_hash, wrapped)
