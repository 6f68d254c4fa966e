"""Business registry: registered organizations, a fixed-width drop of the state's mainframe.

The authority on businesses: every one is here once, with its licence and the licence's term.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from demo.agencies.fixed_width import Layout
from demo.agencies.writing import add_years, ascii_capitals
from demo.businesses import Business
from demo.dice import Dice
from demo.faults import Fault, FaultPlan
from demo.keys import registration_number
from demo.places import STATE
from demo.population import World
from demo.story import business_licence_expiry
from demo.truth import Ledger

SOURCE = "business_registry"
FILE = "business_registry/organizations.txt"

LAYOUT = Layout(
    (
        ("REG_NO", 10), ("EIN", 9), ("LEGAL_NAME", 60), ("DBA_NAME", 50), ("FORM", 4),
        ("STREET", 40), ("CITY", 25), ("STATE", 2), ("ZIP", 5), ("PHONE", 10), ("EMAIL", 50),
        ("LIC_NO", 10), ("LIC_TYPE", 12), ("LIC_STATUS", 1), ("LIC_FROM", 8), ("LIC_UNTIL", 8),
        ("REG_STATUS", 1), ("UPDATED", 8),
    )
)  # fmt: skip

_Row = tuple[str, ...]


def write(world: World, folder: Path, ledger: Ledger) -> None:
    """Write the drop of organizations."""
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(_lines(world, ledger))


def _lines(world: World, ledger: Ledger) -> Iterator[str]:
    dice = world.dice(SOURCE)
    plan = FaultPlan(
        Fault.IMPOSSIBLE_DATE, Fault.DUPLICATE_KEY, Fault.SHORT_LINE, Fault.MISSING_KEY
    )
    for business in world.businesses:
        key = registration_number(business.number)
        row = _row(key, business, world.today, dice)
        ledger.organization(SOURCE, key, business.number)
        yield LAYOUT.line(row)
        if (fault := plan.after_row()) is not None:
            ledger.fault(SOURCE, fault)
            yield _broken(row, fault)


def _row(key: str, business: Business, today: date, dice: Dice) -> _Row:
    expires = dice.day(today - timedelta(days=120), today + timedelta(days=730))
    if business.number == 0:
        expires = business_licence_expiry(today)
    issued = add_years(expires, -2)
    status = "R" if business.number and dice.chance(0.01) else "X" if expires < today else "A"
    address = business.address
    return (
        key,
        business.ein,
        ascii_capitals(business.legal_name),
        ascii_capitals(business.trading_name),
        business.form,
        ascii_capitals(f"{address.street_line} {address.unit_line}".strip()),
        ascii_capitals(address.city),
        STATE,
        address.post_code,
        business.phone,
        business.email.upper(),
        f"BL{dice.digits(8)}",
        business.licence_type,
        status,
        compact(issued),
        compact(expires),
        "A",
        compact(dice.day(issued, today) if business.number else today),
    )


def compact(day: date) -> str:
    """`20240131`."""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def _broken(row: _Row, fault: Fault) -> str:
    if fault is Fault.SHORT_LINE:
        return LAYOUT.line(row)[:7] + "\n"
    if fault is Fault.MISSING_KEY:
        return LAYOUT.line(("", *row[1:]))
    if fault is Fault.IMPOSSIBLE_DATE:
        return LAYOUT.line((f"BX{row[0][2:]}", *row[1:15], "20250230", *row[16:]))
    return LAYOUT.line(row)
