"""Parks agency: customers of its booking system, one Parquet file.

The hardest source: one field for the name, no date of birth, no number; e-mail and telephone
change, couples share them, and who forgets a password opens a new account.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from demo.agencies.writing import typed_name, typed_phone
from demo.dice import Dice
from demo.faults import Fault, FaultPlan
from demo.keys import booking_account
from demo.person import Person
from demo.population import World
from demo.sighting import Clerk, Habits, Sighting
from demo.truth import Ledger

SOURCE = "parks"
FILE = "parks/customers.parquet"

AGE_MIN = 18
VISITORS_SHARE = 0.75
SECOND_ACCOUNT_SHARE = 0.38
THIRD_ACCOUNT_SHARE = 0.25

ROWS_PER_GROUP = 50_000

HABITS = Habits(
    years=4.0,
    name_slip=0.02,
    nickname=0.35,
    given_initial=0.010,
    half_surname=0.15,
    middle_full=0.02,
    middle_initial=0.08,
    post_code_slip=0.01,
    no_phone=0.20,
    phone_slip=0.008,
    no_email=0.06,
    email_slip=0.008,
)

COLUMNS: dict[str, pa.DataType] = {
    "account": pa.string(),
    "name": pa.string(),
    "email": pa.string(),
    "phone": pa.string(),
    "post_code": pa.string(),
    "booking_ref": pa.string(),
    "last_stay": pa.string(),
    "pass_number": pa.string(),
    "pass_valid_until": pa.date32(),
    "updated_at": pa.timestamp("s"),
}

SCHEMA = pa.schema(COLUMNS)

_Row = tuple[object, ...]


def write(world: World, folder: Path, ledger: Ledger) -> None:
    """Write the customers file, one row group at a time."""
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = _rows(world, ledger)
    with pq.ParquetWriter(path, SCHEMA) as writer:
        while group := list(islice(rows, ROWS_PER_GROUP)):
            columns = zip(*group, strict=True)
            arrays = [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA))


def _rows(world: World, ledger: Ledger) -> Iterator[_Row]:
    dice = world.dice(SOURCE)
    clerk = Clerk(world, HABITS, dice)
    plan = FaultPlan(Fault.MISSING_KEY, Fault.IMPOSSIBLE_DATE, Fault.DUPLICATE_KEY)
    for person in world.people:
        for place in range(_accounts(person, world.today, dice)):
            key = booking_account(person.number, place)
            row = _row(key, person, clerk.see(person), world.today, dice)
            ledger.person(SOURCE, key, person.number)
            yield row
            if (fault := plan.after_row()) is not None:
                ledger.fault(SOURCE, fault)
                yield _broken(row, fault)


def _accounts(person: Person, today: date, dice: Dice) -> int:
    if person.number == 0:
        return 1
    if person.age_on(today) < AGE_MIN or not dice.chance(VISITORS_SHARE):
        return 0
    if not dice.chance(SECOND_ACCOUNT_SHARE):
        return 1
    return 3 if dice.chance(THIRD_ACCOUNT_SHARE) else 2


def _row(key: str, person: Person, seen: Sighting, today: date, dice: Dice) -> _Row:
    middle = f" {seen.middle}" if seen.middle else ""
    name = f"{seen.given}{middle} {seen.family}"
    has_pass = person.number and dice.chance(0.12)
    email, phone = _reachable(person, seen, dice)
    stay = seen.seen_on
    return (
        key,
        typed_name(f"{name} {seen.suffix}" if seen.suffix else name, dice),
        email or None,
        typed_phone(phone, dice) or None,
        seen.post_code if dice.chance(0.93) else None,
        f"BK{dice.digits(9)}",
        stay.isoformat(),
        f"AP{dice.digits(7)}" if has_pass else None,
        dice.day(today - timedelta(days=200), today + timedelta(days=365)) if has_pass else None,
        # Whole seconds since 1970, as Arrow wants them.
        (stay - date(1970, 1, 1)).days * 86_400 + dice.below(86_400),
    )


def _reachable(person: Person, seen: Sighting, dice: Dice) -> tuple[str, str]:
    """E-mail and telephone: a booking needs one of them, save for a few made at the gate."""
    if seen.email or seen.phone or dice.chance(0.25):
        return seen.email, seen.phone
    return person.email_on(seen.seen_on), person.phone_on(seen.seen_on)


def _broken(row: _Row, fault: Fault) -> _Row:
    if fault is Fault.MISSING_KEY:
        return (None, *row[1:])
    if fault is Fault.IMPOSSIBLE_DATE:
        return (f"X{str(row[0])[1:]}", *row[1:6], "2024-06-31", *row[7:])
    return row
