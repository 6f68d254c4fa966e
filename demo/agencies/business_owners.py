"""Business registry: who owns what, a row per owner and business, a second fixed-width drop.

No SSN, the date of birth only sometimes: an owner of two businesses is two rows to be linked.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from demo.agencies.business_registry import compact
from demo.agencies.fixed_width import Layout
from demo.agencies.writing import ascii_capitals
from demo.faults import Fault, FaultPlan
from demo.keys import registration_number
from demo.places import STATE
from demo.population import World
from demo.sighting import Clerk, Habits, Sighting
from demo.truth import Ledger

SOURCE = "business_owners"
FILE = "business_registry/owners.txt"

HABITS = Habits(
    years=6.0,
    name_slip=0.02,
    nickname=0.03,
    half_surname=0.10,
    middle_full=0.25,
    middle_initial=0.45,
    no_birth_date=0.35,
    birth_date_slip=0.010,
    no_address=0.06,
    street_slip=0.015,
    no_unit=0.10,
    post_code_slip=0.006,
    no_phone=0.15,
    phone_slip=0.008,
    no_email=0.35,
    email_slip=0.008,
)

LAYOUT = Layout(
    (
        ("REG_NO", 10), ("OWNER_SEQ", 2), ("LAST_NAME", 30), ("FIRST_NAME", 20), ("MIDDLE", 15),
        ("SUFFIX", 3), ("BIRTH", 8), ("STREET", 40), ("CITY", 25), ("STATE", 2), ("ZIP", 5),
        ("PHONE", 10), ("EMAIL", 50), ("SHARE_PCT", 3), ("SINCE", 8), ("UPDATED", 8),
    )
)  # fmt: skip

_Row = tuple[str, ...]


def write(world: World, folder: Path, ledger: Ledger) -> None:
    """Write the drop of owners."""
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(_lines(world, ledger))


def _lines(world: World, ledger: Ledger) -> Iterator[str]:
    dice = world.dice(SOURCE)
    clerk = Clerk(world, HABITS, dice)
    plan = FaultPlan(
        Fault.IMPOSSIBLE_DATE, Fault.MISSING_KEY, Fault.DUPLICATE_KEY, Fault.SHORT_LINE
    )
    for business in world.businesses:
        registration = registration_number(business.number)
        for place, owner in enumerate(business.owners, start=1):
            seen = clerk.see(world.people[owner])
            row = _row(registration, place, seen, len(business.owners))
            ledger.person(SOURCE, f"{registration}/{place}", owner)
            yield LAYOUT.line(row)
            if (fault := plan.after_row()) is not None:
                ledger.fault(SOURCE, fault)
                yield _broken(row, fault)


def _row(registration: str, place: int, seen: Sighting, owners: int) -> _Row:
    return (
        registration,
        str(place),
        ascii_capitals(seen.family),
        ascii_capitals(seen.given),
        ascii_capitals(seen.middle),
        seen.suffix.upper(),
        compact(seen.birth_date) if seen.birth_date else "",
        ascii_capitals(f"{seen.street} {seen.unit}".strip()),
        ascii_capitals(seen.city),
        STATE if seen.city else "",
        seen.post_code,
        seen.phone,
        seen.email.upper(),
        str(100 // owners),
        compact(seen.seen_on),
        compact(seen.seen_on),
    )


def _broken(row: _Row, fault: Fault) -> str:
    if fault is Fault.SHORT_LINE:
        return LAYOUT.line(row)[:7] + "\n"
    if fault is Fault.MISSING_KEY:
        return LAYOUT.line((row[0], "", *row[2:]))
    if fault is Fault.IMPOSSIBLE_DATE:
        return LAYOUT.line((row[0], "99", *row[2:6], "19790229", *row[7:]))
    return LAYOUT.line(row)
