"""Constituents a second that a sweep rules on: `python -m benchmarks.sweep [--constituents N]`.

Beside it, in the same run, the Python decision in a loop over the same constituents, their facts in memory:
the sweep reads and opens what the loop is given. A third of them were asked for consent, one in a hundred is
restricted.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from benchmarks.bounds import BOUNDS, TODAY
from consent.decision import Facts, Request, decide
from consent.policy import (
    Agency,
    Agreement,
    AgreementRef,
    ConsentEvent,
    DeclaredPurpose,
    Policy,
    Restriction,
)
from consent.stored import digest_of, to_document
from consent.vocabulary import (
    CollectionMethod,
    ConsentState,
    DataCategory,
    LegalBasis,
    Purpose,
    RestrictionKind,
)
from hub import wiring
from hub.journeys.context import Hub
from hub.journeys.facts import sealed_restriction
from hub.journeys.sweeps import sweep
from hub.vault.sealing import SubjectSealer
from hub.vault.tags import Pseudonyms

NOW: Final = datetime(2026, 11, 22, 9, tzinfo=UTC)
AGENCIES: Final = ("wildlife", "vehicles", "benefits")
SHARED: Final = frozenset({DataCategory.EXISTENCE, DataCategory.NAME, DataCategory.HOLDING})
ON_LAW: Final = Agreement(
    id="licence_checks",
    revision=1,
    sources=frozenset({"wildlife", "vehicles"}),
    recipient="parks",
    purpose="licensing",
    categories=SHARED,
    legal_basis=LegalBasis.OFFICIAL_AUTHORITY,
    citation="Licensing Act s. 4",
    starts_on=date(2026, 1, 1),
    ends_on=date(2027, 12, 31),
    approved_by=("officer_a", "officer_b"),
)
ON_CONSENT: Final = replace(
    ON_LAW, id="fee_waiver", sources=frozenset({"benefits"}), legal_basis=LegalBasis.CONSENT
)
POLICY: Final = Policy(
    tuple(Agency(id_) for id_ in ("parks", *AGENCIES)),
    (DeclaredPurpose("licensing", Purpose.REQUESTED_SERVICE_PROVISION),),
    (ON_LAW, ON_CONSENT),
)
REQUEST: Final = Request(
    caller="parks", purpose="licensing", requested=SHARED, scope=SHARED, at=NOW, on=TODAY
)


def held_by(number: int) -> tuple[str, ...]:
    """One to three agencies."""
    return AGENCIES[: 1 + number % 3]


def said(number: int) -> tuple[ConsentEvent, ...]:
    """Of a third, one answer or two: the second is a withdrawal."""
    states = (ConsentState.GIVEN, ConsentState.WITHDRAWN)[: (number % 9 == 0) + (number % 3 == 0)]
    return tuple(
        ConsentEvent(
            id=f"c{number}",
            subject=f"s{number}",
            agreement=AgreementRef("fee_waiver", 1),
            purpose="licensing",
            state=state,
            categories=SHARED,
            notice="sha256:notice",
            language="en",
            method=CollectionMethod.PORTAL,
            evidence="sha256:evidence",
            at=NOW,
            given_on=TODAY,
            epoch=epoch,
        )
        for epoch, state in enumerate(states, start=1)
    )


def restrictions(number: int) -> tuple[Restriction, ...]:
    """Of one in a hundred."""
    kinds = list(RestrictionKind)
    kind = kinds[number // 100 % len(kinds)]
    return (Restriction("x", f"s{number}", kind, "case 12"),) if number % 100 == 0 else ()


def write(hub: Hub, constituents: int) -> None:
    """The constituents' rows, without anything in their records that could be opened."""
    numbers = range(1, constituents + 1)
    subject = Pseudonyms(hub.keys).subject
    document = to_document(POLICY)
    with psycopg.connect(hub.url.replace("+psycopg", "")) as connection:
        stated = (1, digest_of(document), Jsonb(document), "a", "measured", NOW)
        connection.execute("INSERT INTO policies VALUES (%s, %s, %s, %s, %s, %s)", stated)
        connection.execute(_SOURCES, {"agencies": list(AGENCIES)})
        connection.execute(_RECORDS, {"constituents": constituents, "at": NOW})
        connection.execute(_LINKS, {"at": NOW})
        with connection.cursor() as cursor:
            _copy(cursor, _CONSENTS, _consent_rows(numbers, subject))
            sealed = list(_restriction_rows(hub, numbers, subject))
            _copy(cursor, _KEYS, [(hash_, key) for hash_, key, _, _ in sealed])
            rows = [(id_, hash_, 1, content, NOW) for hash_, _, id_, content in sealed]
            _copy(cursor, _RESTRICTIONS, rows)
    with psycopg.connect(hub.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ANALYZE links, records, consent_events")


def _copy(cursor: psycopg.Cursor[Any], into: str, rows: Iterable[Sequence[Any]]) -> None:
    with cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _consent_rows(numbers: Iterable[int], subject: Any) -> Iterator[Sequence[Any]]:
    for number in numbers:
        for one in said(number):
            categories = [category.value for category in SHARED]
            yield (
                *(subject(number), one.epoch, one.agreement.id, one.agreement.revision),
                *(one.purpose, one.state.value, categories, one.given_on, b"", NOW),
            )


def _restriction_rows(
    hub: Hub, numbers: Iterable[int], subject: Any
) -> Iterator[tuple[bytes, bytes, int, bytes]]:
    for number in numbers:
        for one in restrictions(number):
            hash_ = subject(number)
            key = SubjectSealer.new_key(hub.keys, hash_)
            content = sealed_restriction(one, "a")
            context = b"restriction" + number.to_bytes(8, "big")  # as hub.journeys.facts binds it
            yield hash_, key, number, SubjectSealer(hub.keys, hash_, key).seal(context, content)


_SOURCES: Final = """
    INSERT INTO sources (name, agency, label, kind, is_duplicate_free, is_sensitive, custom, fingerprint)
    SELECT agency, agency, agency, 'person', false, false, '{}', '' FROM unnest(%(agencies)s::text[]) AS agency
"""
_RECORDS: Final = """
    INSERT INTO records (id, source_id, version, run_id, is_poor, key_hash, content_hash, core,
        match, loaded_at)
    SELECT number * 10 + held, held, 1, 1, false, decode(md5((number * 10 + held)::text), 'hex'), '',
        '', '', %(at)s
    FROM generate_series(1, %(constituents)s) AS number, generate_series(1, 1 + number %% 3) AS held
"""
_LINKS: Final = """
    INSERT INTO links (record_id, constituent_id, recorded_from) SELECT id, id / 10, %(at)s FROM records
"""
_CONSENTS: Final = (
    "consent_events (subject_hash, epoch, agreement, revision, purpose, state, categories, given_on, "
    "sealed, recorded_at)"
)
_KEYS: Final = "subject_keys (subject_hash, wrapped_key)"
_RESTRICTIONS: Final = "restrictions (id, subject_hash, epoch, sealed, recorded_at)"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--constituents", type=int, default=100_000)
    constituents = parser.parse_args().constituents
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with (
        tempfile.TemporaryDirectory() as folder,
        wiring.hub_in(Path(folder) / "hub", BOUNDS) as hub,
    ):
        write(hub, constituents)
        begun = time.perf_counter()
        swept = {one.number: one for one in sweep(hub, REQUEST, range(1, constituents + 1))}
        swept_s = time.perf_counter() - begun
    facts = {
        number: Facts(POLICY, frozenset(held_by(number)), said(number), (), restrictions(number))
        for number in swept
    }
    begun = time.perf_counter()
    looped = {number: decide(REQUEST, known) for number, known in facts.items()}
    looped_s = time.perf_counter() - begun
    assert all(
        swept[number].permitted == {source: one.permitted(source) for source in held_by(number)}
        for number, one in looped.items()
    )
    print(f"{constituents / swept_s:10,.0f} constituents a second swept, read from the database")
    print(f"{constituents / looped_s:10,.0f} a second decided in a loop, their facts in memory")
    print(f"{looped_s / swept_s:10.1f} times as fast")


if __name__ == "__main__":
    main()
