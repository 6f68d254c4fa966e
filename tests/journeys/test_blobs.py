"""Sealed classes: nothing of a record is lost on the way in and out, and each value rests where it should."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.records import (
    Address,
    CaseReference,
    ConstituentKind,
    ContactKind,
    ContactPoint,
    Holding,
    HoldingStatus,
    Identifier,
    Name,
    NameUse,
    Record,
    RecordKey,
    Relationship,
    RelationshipKind,
    Role,
    Sex,
)
from hub.domain.sensitivity import (
    CONTACT_FIELDS,
    SENSITIVE_FIELDS,
    SENSITIVE_SCHEMES,
    SENSITIVE_SOURCE_FIELDS,
    SensitivityClass,
)
from hub.journeys.blobs import from_blobs, to_blobs

TEXT = st.text(min_size=1, max_size=12)
MAYBE = st.none() | TEXT
DAY = st.none() | st.dates()
SOURCE = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
KEYS = st.builds(RecordKey, SOURCE, TEXT)
SCHEMES = st.sampled_from((*sorted(SENSITIVE_SCHEMES), "driving_licence", "ein", "voter"))


def some(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


MOMENTS = st.none() | st.dates() | st.datetimes() | st.datetimes(timezones=st.just(UTC))
NAMES = st.builds(Name, st.sampled_from(NameUse), MAYBE, MAYBE, MAYBE, MAYBE, MAYBE)
ADDRESSES = st.builds(Address, *[MAYBE] * len(fields(Address)))
CONTACTS = st.builds(ContactPoint, st.sampled_from(ContactKind), TEXT, MAYBE, DAY)
IDENTIFIERS = st.builds(Identifier, SCHEMES, TEXT, MAYBE, DAY, st.booleans())
HOLDINGS = st.builds(Holding, TEXT, MAYBE, st.none() | st.sampled_from(HoldingStatus), DAY, DAY)
RELATIONSHIPS = st.builds(Relationship, st.sampled_from(RelationshipKind), KEYS, DAY, DAY)
CASES = st.builds(CaseReference, TEXT, TEXT, MAYBE, DAY, DAY)
RECORDS = st.builds(
    Record,
    key=KEYS,
    kind=st.sampled_from(ConstituentKind),
    as_of=MOMENTS,
    roles=some(st.sampled_from(Role)),
    names=some(NAMES),
    birth_date=DAY,
    death_date=DAY,
    sex=st.none() | st.sampled_from(Sex),
    gender=MAYBE,
    preferred_language=MAYBE,
    legal_form=MAYBE,
    activity=MAYBE,
    status=MAYBE,
    addresses=some(ADDRESSES),
    contact_points=some(CONTACTS),
    identifiers=some(IDENTIFIERS),
    holdings=some(HOLDINGS),
    relationships=some(RELATIONSHIPS),
    cases=some(CASES),
    custom=st.dictionaries(TEXT, TEXT, max_size=3),
)
FULL = Record(
    key=RecordKey("vehicles", "D1/7:x"),
    kind=ConstituentKind.PERSON,
    as_of=datetime(2026, 11, 22, 9, 0, 0, 123456, tzinfo=UTC),
    roles=(Role.LICENSEE, Role.OWNER),
    names=(Name(given_name="María", family_name="Okafor"), Name(NameUse.BIRTH, "Maria Adeyemi")),
    birth_date=date(1984, 3, 9),
    death_date=date(2026, 1, 1),
    sex=Sex.FEMALE,
    gender="woman",
    preferred_language="en",
    legal_form="none",
    activity="boats",
    status="known",
    addresses=(Address(delivery_line="418 Heron Ln", city="Port Tamarack", use="home"),),
    contact_points=(ContactPoint(ContactKind.EMAIL, "maria@example.org", None, date(2026, 1, 5)),),
    identifiers=(
        Identifier("driving_licence", "L-550-118", "state", date(2027, 5, 1), True),
        Identifier("ssn", "219-09-9041"),
    ),
    holdings=(Holding("fishing_licence", "F-77", HoldingStatus.ACTIVE, None, date(2026, 11, 1)),),
    relationships=(Relationship(RelationshipKind.OWNER, RecordKey("business", "B9")),),
    cases=(CaseReference("appeal", "A-31", "open", date(2026, 2, 2)),),
    custom={"birthplace": "Elmstead"},
)
ORDINARY_OR_SENSITIVE = pytest.mark.parametrize("is_sensitive", [False, True])


def settled(record: Record) -> Record:
    """The record with the identifiers of sensitive schemes behind the others: each class keeps its
    own order, and the order between classes is not stored.
    """
    ordered = sorted(record.identifiers, key=lambda item: item.scheme in SENSITIVE_SCHEMES)
    return replace(record, identifiers=tuple(ordered))


def opened_from(record: Record, blobs: Mapping[SensitivityClass, bytes]) -> Record:
    return settled(from_blobs(record.key.source, record.kind, blobs))


def without(record: Record, left_out: SensitivityClass, *, is_sensitive: bool) -> Record:
    """The record as read back when that one class was not opened."""
    blobs = to_blobs(record, is_sensitive=is_sensitive)
    blobs.pop(left_out, None)
    return opened_from(record, blobs)


def emptied(record: Record, *names: str) -> Record:
    blank = Record(record.key, record.kind)
    return replace(record, **{name: getattr(blank, name) for name in names})


def values(part: object) -> Iterator[str]:
    """Every piece of text in a decoded blob."""
    if isinstance(part, dict):
        for inner in part.values():
            yield from values(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from values(inner)
    elif isinstance(part, str):
        yield part


def test_the_full_record_of_these_tests_fills_every_field() -> None:
    blank = Record(FULL.key, FULL.kind)
    assert [f.name for f in fields(Record) if getattr(FULL, f.name) == getattr(blank, f.name)] == [
        "key",
        "kind",
    ]


@ORDINARY_OR_SENSITIVE
@given(record=RECORDS)
def test_a_record_sealed_and_opened_is_the_same_record(record: Record, is_sensitive: bool) -> None:
    blobs = to_blobs(record, is_sensitive=is_sensitive)
    assert opened_from(record, blobs) == settled(record)


@ORDINARY_OR_SENSITIVE
def test_a_full_record_sealed_and_opened_is_the_same_record(is_sensitive: bool) -> None:
    blobs = to_blobs(FULL, is_sensitive=is_sensitive)
    assert opened_from(FULL, blobs) == FULL
    assert set(blobs) == set(SensitivityClass) - {SensitivityClass.MATCH}


@given(RECORDS)
def test_what_is_read_back_holds_the_vocabulary_and_not_bare_text(record: Record) -> None:
    opened = from_blobs(record.key.source, record.kind, to_blobs(record, is_sensitive=False))
    for before, after in zip(record.roles + record.names, opened.roles + opened.names, strict=True):
        assert type(after) is type(before)
    assert type(opened.as_of) is type(record.as_of)
    assert type(opened.sex) is type(record.sex)


@ORDINARY_OR_SENSITIVE
@given(record=RECORDS)
def test_leaving_out_contact_leaves_exactly_addresses_and_contact_points_empty(
    record: Record, is_sensitive: bool
) -> None:
    opened = without(record, SensitivityClass.CONTACT, is_sensitive=is_sensitive)
    assert opened == emptied(settled(record), *CONTACT_FIELDS)


@ORDINARY_OR_SENSITIVE
@given(record=RECORDS)
def test_leaving_out_sensitive_leaves_exactly_the_sensitive_fields_empty(
    record: Record, is_sensitive: bool
) -> None:
    opened = without(record, SensitivityClass.SENSITIVE, is_sensitive=is_sensitive)
    hidden = SENSITIVE_FIELDS | (SENSITIVE_SOURCE_FIELDS if is_sensitive else frozenset())
    kept = tuple(i for i in record.identifiers if i.scheme not in SENSITIVE_SCHEMES)
    assert opened == replace(emptied(record, *hidden), identifiers=kept)


@ORDINARY_OR_SENSITIVE
@pytest.mark.parametrize("scheme", sorted(SENSITIVE_SCHEMES))
def test_a_number_of_a_sensitive_scheme_rests_in_the_sensitive_class_alone(
    scheme: str, is_sensitive: bool
) -> None:
    number = Identifier(scheme, "219-09-9041")
    blobs = to_blobs(replace(FULL, identifiers=(number,)), is_sensitive=is_sensitive)
    holders = {name for name, blob in blobs.items() if "219-09-9041" in values(json.loads(blob))}
    assert holders == {SensitivityClass.SENSITIVE}


def test_holdings_and_cases_rest_in_core_unless_the_source_is_sensitive() -> None:
    for is_sensitive, home in ((False, SensitivityClass.CORE), (True, SensitivityClass.SENSITIVE)):
        blobs = to_blobs(FULL, is_sensitive=is_sensitive)
        for value in ("fishing_licence", "F-77", "appeal", "A-31"):
            holders = {name for name, blob in blobs.items() if value in values(json.loads(blob))}
            assert holders == {home}


def test_a_class_without_values_is_left_out_and_core_is_always_there() -> None:
    bare = Record(RecordKey("vehicles", "D1"), ConstituentKind.PERSON)
    assert set(to_blobs(bare, is_sensitive=True)) == {SensitivityClass.CORE}
