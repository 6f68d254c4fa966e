"""Department of Vehicles: drivers in a SQL database, read incrementally by `updated_at`.

The cleanest of the five: identity was proven at the counter, so slips are few; but people move and
marry without telling it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from demo.agencies.writing import add_years, ascii_capitals, dashed_ssn
from demo.dice import Dice
from demo.faults import Fault, FaultPlan
from demo.keys import licence_number
from demo.person import Person
from demo.places import STATE
from demo.population import World
from demo.sighting import Clerk, Habits, Sighting
from demo.truth import Ledger

SOURCE = "vehicles"
DATABASE = "vehicles/vehicles.sqlite"

DRIVING_AGE_MIN = 16
DRIVERS_SHARE = 0.90

HABITS = Habits(
    years=7.0,
    name_slip=0.012,
    middle_full=0.80,
    middle_initial=0.15,
    no_birth_date=0.003,
    birth_date_slip=0.004,
    no_ssn=0.10,
    ssn_slip=0.006,
    borrowed_ssn=0.003,
    no_address=0.004,
    street_slip=0.010,
    no_unit=0.10,
    post_code_slip=0.006,
    no_phone=0.40,
    phone_slip=0.006,
    no_email=0.35,
    email_slip=0.006,
)

_TABLE = """
CREATE TABLE drivers (
  dl_no TEXT, last_nm TEXT, first_nm TEXT, mid_nm TEXT, sfx TEXT, sex_cd TEXT, dob TEXT, ssn TEXT,
  addr1 TEXT, addr2 TEXT, city TEXT, st TEXT, zip TEXT, dl_class TEXT, dl_stat TEXT, issue_dt TEXT,
  exp_dt TEXT, phone TEXT, email TEXT, plate TEXT, reg_exp_dt TEXT, updated_at TEXT NOT NULL
)
"""

_Row = tuple[str | None, ...]


def write(world: World, folder: Path, ledger: Ledger) -> None:
    """Write the drivers table of the agency's database."""
    path = folder / DATABASE
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        # Nobody reads the file before it is whole: a journal would only double the writing.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute(_TABLE)
        marks = ", ".join("?" * _TABLE.count("TEXT"))
        database.executemany(f"INSERT INTO drivers VALUES ({marks})", _rows(world, ledger))  # noqa: S608
        database.execute("CREATE UNIQUE INDEX drivers_dl_no ON drivers (dl_no)")
        database.execute("CREATE INDEX drivers_updated_at ON drivers (updated_at)")


def _rows(world: World, ledger: Ledger) -> Iterator[_Row]:
    dice = world.dice(SOURCE)
    clerk = Clerk(world, HABITS, dice)
    plan = FaultPlan(Fault.IMPOSSIBLE_DATE, Fault.MISSING_KEY)
    for person in world.people:
        is_driver = person.number == 0 or dice.chance(DRIVERS_SHARE)
        if not is_driver or person.age_on(world.today) < DRIVING_AGE_MIN:
            continue
        key = licence_number(person.number)
        row = _row(key, person, clerk.see(person), world.today, dice)
        ledger.person(SOURCE, key, person.number)
        yield row
        if (fault := plan.after_row()) is not None:
            ledger.fault(SOURCE, fault)
            yield _broken(row, fault)


def _row(key: str, person: Person, seen: Sighting, today: date, dice: Dice) -> _Row:
    issued = seen.seen_on
    expires = add_years(issued, 8)
    has_car = dice.chance(0.7)
    status = "S" if person.number and dice.chance(0.01) else "A"
    if person.number and dice.chance(0.05):
        expires = dice.day(issued, today)
        status = "X" if expires < today else status
    return (
        key,
        ascii_capitals(seen.family)[:25],
        ascii_capitals(seen.given)[:20],
        ascii_capitals(seen.middle) or None,
        seen.suffix.upper() or None,
        person.sex,
        seen.birth_date.isoformat() if seen.birth_date else None,
        dashed_ssn(seen.ssn) or None,
        ascii_capitals(seen.street) or None,
        seen.unit.upper() or None,
        ascii_capitals(seen.city) or None,
        STATE if seen.city else None,
        seen.post_code or None,
        "A" if dice.chance(0.04) else "M" if dice.chance(0.05) else "C",
        status,
        issued.isoformat(),
        expires.isoformat(),
        seen.phone or None,
        seen.email.lower() or None,
        f"{dice.digits(3)}{dice.pick('ABCDEFGH')}{dice.pick('KLMNPRST')}{dice.digits(1)}"
        if has_car
        else None,
        dice.day(today - timedelta(days=60), today + timedelta(days=365)).isoformat()
        if has_car
        else None,
        f"{issued.isoformat()} {dice.between(8, 17):02d}:{dice.below(60):02d}:{dice.below(60):02d}",
    )


def _broken(row: _Row, fault: Fault) -> _Row:
    if fault is Fault.MISSING_KEY:
        return (None, *row[1:])
    key = row[0] or ""
    return (f"X{key[1:]}", *row[1:6], "1987-02-30", *row[7:])
