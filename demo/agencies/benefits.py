"""Benefits agency: enrolments in programmes, a CSV snapshot in four parts; a sensitive source.

Case workers ask for the SSN and former names and often get them, or a placeholder; one row per
person and programme, children with a parent's telephone.
"""

from __future__ import annotations

import csv
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from demo.agencies.writing import add_years, ascii_capitals, dashed_ssn, grouped_phone
from demo.dice import Dice
from demo.faults import Fault, FaultPlan
from demo.keys import enrolment_number
from demo.person import Person
from demo.places import STATE
from demo.population import World
from demo.sighting import Clerk, Habits, Sighting
from demo.truth import Ledger

SOURCE = "benefits"
FOLDER = "benefits"
PARTS = 4

RECIPIENTS_SHARE = 0.60
SECOND_PROGRAMME_SHARE = 0.45

HABITS = Habits(
    years=5.0,
    name_slip=0.025,
    nickname=0.06,
    names_swapped=0.003,
    half_surname=0.12,
    unknown_given=0.001,
    middle_full=0.15,
    middle_initial=0.60,
    no_birth_date=0.015,
    birth_date_slip=0.012,
    placeholder_birth_date=0.004,
    no_ssn=0.06,
    ssn_slip=0.010,
    borrowed_ssn=0.005,
    placeholder_ssn=0.02,
    no_address=0.02,
    street_slip=0.02,
    no_unit=0.12,
    post_code_slip=0.01,
    no_phone=0.25,
    phone_slip=0.010,
    placeholder_phone=0.10,
)

PROGRAMMES = ("FA", "FA", "MA", "MA", "MA", "CC", "EA", "HV")

HEADER = (
    "Enrollment No", "Program", "Last Name", "First Name", "MI", "Suffix", "Former Last Name", "Sex",
    "SSN", "Birth Date", "Phone", "Street", "Apt", "City", "State", "Zip", "Start Date", "End Date",
    "Case Status", "Last Review",
)  # fmt: skip

_Row = list[str]


def write(world: World, folder: Path, ledger: Ledger) -> None:
    """Write the snapshot, its rows dealt out to the parts in turn."""
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        streams = [
            stack.enter_context(
                (folder / FOLDER / f"enrollments_{part}_of_{PARTS}.csv").open(
                    "w", encoding="utf-8", newline=""
                )
            )
            for part in range(1, PARTS + 1)
        ]
        writers = [csv.writer(stream) for stream in streams]
        for writer in writers:
            writer.writerow(HEADER)
        dice = world.dice(SOURCE)
        clerk = Clerk(world, HABITS, dice)
        plan = FaultPlan(
            Fault.IMPOSSIBLE_DATE, Fault.STRAY_QUOTE, Fault.MISSING_KEY, Fault.DUPLICATE_KEY
        )
        for person in world.people:
            part = person.number % PARTS
            for place in range(_programmes(person, dice)):
                key = enrolment_number(person.number, place)
                row = _row(key, person, clerk.see(person), world.today, dice)
                ledger.person(SOURCE, key, person.number)
                writers[part].writerow(row)
                if (fault := plan.after_row()) is not None:
                    ledger.fault(SOURCE, fault)
                    if fault is Fault.STRAY_QUOTE:
                        # Written by hand: the csv module would never make this mistake.
                        streams[part].write(_stray_quote(row))
                    else:
                        writers[part].writerow(_broken(row, fault))


def _programmes(person: Person, dice: Dice) -> int:
    # The story's person draws no benefits: this source answers only with consent.
    if person.number == 0 or not dice.chance(RECIPIENTS_SHARE):
        return 0
    return 2 if dice.chance(SECOND_PROGRAMME_SHARE) else 1


def _row(key: str, person: Person, seen: Sighting, today: date, dice: Dice) -> _Row:
    start = seen.seen_on
    end = add_years(start, 1 if dice.chance(0.6) else 2)
    changed_name = person.birth_family and seen.family == person.family
    former = person.birth_family if changed_name and dice.chance(0.5) else ""
    return [
        key,
        dice.pick(PROGRAMMES),
        seen.family,
        seen.given,
        seen.middle[:1],
        seen.suffix,
        ascii_capitals(former).title(),
        person.sex,
        dashed_ssn(seen.ssn),
        _american(seen.birth_date),
        grouped_phone(seen.phone),
        seen.street,
        seen.unit,
        seen.city,
        STATE if seen.city else "",
        seen.post_code,
        _american(start),
        _american(end),
        "CLOSED" if end < today else "PENDING" if dice.chance(0.04) else "OPEN",
        _american(seen.seen_on),
    ]


def _american(day: date | None) -> str:
    return f"{day.month:02d}/{day.day:02d}/{day.year:04d}" if day else ""


def _stray_quote(row: _Row) -> str:
    cells = [f"X{row[0][1:]}", *(cell.replace(",", "").replace('"', "") for cell in row[1:])]
    cells[11] = '12" Pipe Rd'
    return ",".join(cells) + "\r\n"


def _broken(row: _Row, fault: Fault) -> _Row:
    if fault is Fault.MISSING_KEY:
        return ["", *row[1:]]
    if fault is Fault.IMPOSSIBLE_DATE:
        return [f"X{row[0][1:]}", *row[1:9], "02/31/1984", *row[10:]]
    return row
