"""A small seeded register of people seen by several agencies, with who is who, for the matching tests.

Households share surname, address and telephone; records carry typing errors, nicknames and gaps.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import pyarrow as pa

from hub.domain.records import (
    Address,
    ConstituentKind,
    ContactKind,
    ContactPoint,
    Identifier,
    Name,
    Record,
    RecordKey,
    Sex,
)
from matching.blocking import is_poor, keys
from matching.engine import connect
from matching.features import Features, derive, to_table

PERSON = ConstituentKind.PERSON

_FEMALE = [
    "mary",
    "patricia",
    "linda",
    "barbara",
    "susan",
    "jessica",
    "karen",
    "nancy",
    "lisa",
    "margaret",
    "sandra",
    "ashley",
    "emily",
    "donna",
    "michelle",
    "carol",
    "amanda",
    "melissa",
    "deborah",
    "stephanie",
]
_MALE = [
    "james",
    "robert",
    "john",
    "michael",
    "david",
    "william",
    "richard",
    "joseph",
    "thomas",
    "charles",
    "daniel",
    "matthew",
    "anthony",
    "mark",
    "donald",
    "steven",
    "andrew",
    "paul",
    "joshua",
    "kenneth",
]
_FAMILY = [
    "smith",
    "johnson",
    "williams",
    "brown",
    "jones",
    "garcia",
    "miller",
    "davis",
    "rodriguez",
    "martinez",
    "hernandez",
    "lopez",
    "gonzalez",
    "wilson",
    "anderson",
    "thomas",
    "taylor",
    "moore",
    "jackson",
    "martin",
    "lee",
    "perez",
    "thompson",
    "white",
    "harris",
    "sanchez",
    "clark",
    "ramirez",
    "lewis",
    "robinson",
    "walker",
    "young",
    "allen",
    "king",
    "wright",
    "scott",
    "torres",
    "nguyen",
    "hill",
    "flores",
]
_STREETS = [
    "oak",
    "maple",
    "cedar",
    "pine",
    "elm",
    "birch",
    "willow",
    "walnut",
    "chestnut",
    "spruce",
]


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody truly is."""

    number: int
    given: str
    family: str
    birth: date
    sex: Sex
    line: str
    phone: str
    ssn: str


def people(count: int, seed: int = 1) -> list[Person]:
    """Households of one to four, of one surname, address and telephone, no two of one first name."""
    rng = random.Random(seed)
    found: list[Person] = []
    while len(found) < count:
        family = rng.choice(_FAMILY)
        line = f"{rng.randint(1, 9999)} {rng.choice(_STREETS)} st"
        phone = f"206555{rng.randint(0, 9999):04d}"
        women, men = rng.sample(_FEMALE, 4), rng.sample(_MALE, 4)
        for place in range(rng.randint(1, 4)):
            sex = rng.choice((Sex.FEMALE, Sex.MALE))
            found.append(
                Person(
                    number=len(found),
                    given=(women if sex is Sex.FEMALE else men)[place],
                    family=family,
                    birth=date(1940, 1, 1) + timedelta(days=rng.randrange(25_000)),
                    sex=sex,
                    line=line,
                    phone=phone,
                    ssn=f"{rng.randint(100, 665)}{rng.randint(10, 99)}{rng.randint(1000, 9999)}",
                )
            )
    return found[:count]


def sighting(person: Person, local_id: str, rng: random.Random, errors: float = 0.08) -> Record:
    """One agency's record of a person, damaged here and there."""

    def damaged(text: str) -> str:
        if rng.random() > errors:
            return text
        place = rng.randrange(len(text) - 1)
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]

    def kept(value: str) -> str | None:
        return None if rng.random() < 0.1 else value

    birth = person.birth
    if rng.random() < errors:
        birth = birth.replace(day=1 + birth.day % 28)
    return Record(
        key=RecordKey("agency", local_id),
        kind=PERSON,
        names=(Name(given_name=damaged(person.given), family_name=damaged(person.family)),),
        birth_date=birth if rng.random() > 0.1 else None,
        sex=person.sex,
        addresses=(Address(delivery_line=kept(person.line), city="seattle", post_code="98101"),),
        contact_points=tuple(
            ContactPoint(ContactKind.PHONE, number) for number in [kept(person.phone)] if number
        ),
        identifiers=tuple(
            Identifier("ssn", number) for number in [damaged(person.ssn)] if rng.random() > 0.5
        ),
    )


@dataclass(frozen=True, slots=True)
class Register:
    """Records of people: features, comparison table, and whose each record is."""

    features: Sequence[Features]
    table: pa.Table
    whose: Sequence[int]

    def pairs(self) -> pa.Table:
        """Every pair that shares a key and may count: what candidates.py gives without a cap."""
        holders: dict[tuple[int, str], list[int]] = {}
        for record, features in enumerate(self.features):
            for key in keys(PERSON, features):
                holders.setdefault((key.rule, key.value), []).append(record)
        found = {
            (left, right)
            for (rule, _), records in holders.items()
            for left in records
            for right in records
            if left < right
            and (
                rule < 20
                or is_poor(PERSON, self.features[left])
                or is_poor(PERSON, self.features[right])
            )
        }
        return pair_table(sorted(found))


def register(persons: Sequence[Person], sightings: int = 3, seed: int = 2) -> Register:
    """Each person seen so many times."""
    rng = random.Random(seed)
    records, whose = [], []
    for person in persons:
        for turn in range(sightings):
            records.append(sighting(person, f"{person.number}-{turn}", rng))
            whose.append(person.number)
    features = [derive(record) for record in records]
    return Register(features, to_table(range(len(features)), features, PERSON), whose)


def pair_table(pairs: Sequence[tuple[int, int]]) -> pa.Table:
    """Pairs as the columns `score` takes."""
    return pa.table(
        {
            "left": pa.array([left for left, _ in pairs], pa.int64()),
            "right": pa.array([right for _, right in pairs], pa.int64()),
        }
    )


def engine() -> duckdb.DuckDBPyConnection:
    """The hardened engine, small."""
    return connect(memory_limit_mb=1024, threads=2)
