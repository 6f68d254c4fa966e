"""Wildlife agency: fishing and hunting licences, one JSON object a line, flattened by its API.

Bought on the web or over a shop's counter: nicknames, typed telephones, no SSN, sometimes the
driving licence that was shown. A new counter is easily a new customer, so the same person returns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from demo.agencies.writing import typed_name, typed_phone
from demo.dice import Dice
from demo.faults import Fault, FaultPlan
from demo.keys import customer_id, licence_number
from demo.person import Person
from demo.places import STATE
from demo.population import World
from demo.sighting import Clerk, Habits, Sighting
from demo.story import fishing_licence_expiry
from demo.truth import Ledger

SOURCE = "wildlife"
FILE = "wildlife/licences.jsonl"

AGE_MIN = 10
LICENSEES_SHARE = 0.60
RETURNING_SHARE = 0.42

HABITS = Habits(
    years=5.0,
    name_slip=0.025,
    nickname=0.30,
    given_initial=0.003,
    names_swapped=0.004,
    half_surname=0.20,
    middle_full=0.10,
    middle_initial=0.40,
    no_birth_date=0.035,
    birth_date_slip=0.015,
    placeholder_birth_date=0.010,
    no_address=0.02,
    street_slip=0.02,
    no_unit=0.20,
    post_code_slip=0.01,
    no_phone=0.18,
    phone_slip=0.010,
    placeholder_phone=0.10,
    no_email=0.15,
    email_slip=0.010,
    placeholder_email=0.10,
)

_Row = dict[str, object]


def write(world: World, folder: Path, ledger: Ledger) -> None:
    """Write the export of the licence system."""
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(_lines(world, ledger))


def _lines(world: World, ledger: Ledger) -> Iterator[str]:
    dice = world.dice(SOURCE)
    clerk = Clerk(world, HABITS, dice)
    plan = FaultPlan(
        Fault.IMPOSSIBLE_DATE, Fault.DUPLICATE_KEY, Fault.MISSING_KEY, Fault.BROKEN_JSON
    )
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for person in world.people:
        for place in range(_licences(person, world.today, dice)):
            key = customer_id(person.number, place)
            row = _row(key, person, clerk.see(person), world.today, dice)
            ledger.person(SOURCE, key, person.number)
            yield encode(row) + "\n"
            if (fault := plan.after_row()) is not None:
                ledger.fault(SOURCE, fault)
                yield _broken(row, fault, encode(row)) + "\n"


def _licences(person: Person, today: date, dice: Dice) -> int:
    if person.number == 0:
        return 1
    if person.age_on(today) < AGE_MIN or not dice.chance(LICENSEES_SHARE):
        return 0
    return 2 if dice.chance(RETURNING_SHARE) else 1


def _row(key: str, person: Person, seen: Sighting, today: date, dice: Dice) -> _Row:
    issued, expires, kind = _term(person, seen.seen_on, today, dice)
    shown = person.age_on(today) >= 16 and person.number and dice.chance(0.35)
    return {
        "customer.id": key,
        "customer.firstName": typed_name(seen.given, dice),
        "customer.middleInitial": seen.middle[:1] or None,
        "customer.lastName": typed_name(seen.family, dice),
        "customer.suffix": seen.suffix or None,
        "customer.birthDate": seen.birth_date.isoformat() if seen.birth_date else None,
        "customer.email": seen.email or None,
        "customer.phone": typed_phone(seen.phone, dice) or None,
        "customer.driverLicense": licence_number(person.number) if shown else None,
        "customer.address.line1": seen.street or None,
        "customer.address.line2": seen.unit or None,
        "customer.address.city": seen.city or None,
        "customer.address.state": STATE if seen.city else None,
        "customer.address.zip": seen.post_code or None,
        "license.number": f"L{dice.digits(8)}",
        "license.type": kind,
        "license.status": "EXPIRED" if expires < today else "ACTIVE",
        "license.issuedOn": issued.isoformat(),
        "license.expiresOn": expires.isoformat(),
        "updatedAt": f"{seen.seen_on.isoformat()}T{dice.below(24):02d}:{dice.below(60):02d}:00Z",
    }


def _term(person: Person, seen_on: date, today: date, dice: Dice) -> tuple[date, date, str]:
    """The licence held: issued, last day, type code."""
    if person.number == 0:
        expires = fishing_licence_expiry(today)
        return expires - timedelta(days=364), expires, "FISH"
    kind = dice.pick(("FISH", "FISH", "FISH", "HUNT", "COMBO"))
    return seen_on, seen_on + timedelta(days=dice.pick((364, 364, 1094))), kind


def _broken(row: _Row, fault: Fault, line: str) -> str:
    if fault is Fault.BROKEN_JSON:
        return line[: len(line) // 2]
    if fault is Fault.MISSING_KEY:
        return json.dumps(row | {"customer.id": None})
    if fault is Fault.IMPOSSIBLE_DATE:
        key = str(row["customer.id"]).replace("WC", "WX")
        return json.dumps(row | {"customer.id": key, "customer.birthDate": "1991-11-31"})
    return line
