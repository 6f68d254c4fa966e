"""Department of Vehicles: fleet accounts, the second place that knows businesses.

Names as a clerk typed them on the counter, the tax number often missing, some owners twice: the
work that linking organizations has to do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from demo.agencies.vehicles import DATABASE
from demo.agencies.writing import ascii_capitals, dashed_ein, grouped_phone
from demo.businesses import Business
from demo.dice import Dice
from demo.faults import Fault, FaultPlan
from demo.keys import fleet_account
from demo.noise import misread_digits, misspell
from demo.places import STATE
from demo.population import World
from demo.truth import Ledger

SOURCE = "vehicles_fleet"

FLEET_SHARE = 0.45
SECOND_ACCOUNT_SHARE = 0.10

_ABBREVIATIONS = (
    (" & ", " AND "),
    (" Services", " Svcs"),
    (" Service", " Svc"),
    (" Construction", " Constr"),
    (" Company", " Co"),
    (" Management", " Mgmt"),
    (" Transport", " Trans"),
)

_TABLE = """
CREATE TABLE fleet_accounts (
  acct_no TEXT, owner_nm TEXT, fein TEXT, phone TEXT, addr TEXT, city TEXT, st TEXT, zip TEXT,
  vehicles_n INTEGER, permit_exp TEXT, updated_on TEXT
)
"""

_Row = tuple[str | int | None, ...]


def write(world: World, folder: Path, ledger: Ledger) -> None:
    """Add the fleet accounts to the agency's database."""
    path = folder / DATABASE
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(_TABLE)
        insert = "INSERT INTO fleet_accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        database.executemany(insert, _rows(world, ledger))
        database.execute("CREATE UNIQUE INDEX fleet_acct_no ON fleet_accounts (acct_no)")


def _rows(world: World, ledger: Ledger) -> Iterator[_Row]:
    dice = world.dice(SOURCE)
    plan = FaultPlan(Fault.IMPOSSIBLE_DATE, Fault.MISSING_KEY)
    for business in world.businesses[1:]:
        if not dice.chance(FLEET_SHARE):
            continue
        for place in range(2 if dice.chance(SECOND_ACCOUNT_SHARE) else 1):
            key = fleet_account(business.number, place)
            row = _row(key, business, world, dice)
            ledger.organization(SOURCE, key, business.number)
            yield row
            if (fault := plan.after_row()) is not None:
                ledger.fault(SOURCE, fault)
                yield _broken(row, fault)


def _row(key: str, business: Business, world: World, dice: Dice) -> _Row:
    has_address = dice.chance(0.95)
    phone = business.phone if dice.chance(0.85) else ""
    ein = business.ein if dice.chance(0.65) else ""
    if ein and dice.chance(0.01):
        ein = misread_digits(ein, dice)
    street = business.address.street_line
    if dice.chance(0.02):
        street = misspell(street, dice)
    return (
        key,
        ascii_capitals(messy_name(business, dice)),
        dashed_ein(ein) or None,
        grouped_phone(phone) or None,
        ascii_capitals(f"{street} {business.address.unit_line}".strip()) if has_address else None,
        ascii_capitals(business.address.city) if has_address else None,
        STATE if has_address else None,
        business.address.post_code if has_address else None,
        dice.between(1, 14),
        dice.day(world.today - timedelta(90), world.today + timedelta(365)).isoformat(),
        dice.day(world.today - timedelta(1500), world.today).isoformat(),
    )


def messy_name(business: Business, dice: Dice) -> str:
    """The legal or the trading name as somebody in a hurry writes it."""
    by_trading_name = business.trading_name and dice.chance(0.6)
    name = business.trading_name if by_trading_name else business.legal_name
    for long, short in _ABBREVIATIONS:
        if long in name and dice.chance(0.4):
            name = name.replace(long, short)
    first, _, form = name.rpartition(" ")
    if form in ("LLC", "Inc", "LP"):
        choice = dice.random()
        if choice < 0.25:
            name = first
        elif choice < 0.45:
            name = f"{first}, {'.'.join(form)}." if form != "Inc" else f"{first} Incorporated"
    return misspell(name, dice) if dice.chance(0.04) else name


def _broken(row: _Row, fault: Fault) -> _Row:
    if fault is Fault.MISSING_KEY:
        return (None, *row[1:])
    return (f"X{str(row[0])[1:]}", *row[1:9], "2025-13-01", row[10])
