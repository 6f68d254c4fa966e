"""What standardising one value costs: each function, and the fast paths beside the libraries alone.

`python -m benchmarks.standardise [--values N]`. Values are made up here, from a fixed seed; "share" is
the part of them that a fast path takes.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from matching.standardise import (
    address_lines,
    addresses,
    contacts,
    dates,
    identifiers,
    names,
    organizations,
    text,
)

Value = TypeVar("Value")

SEED = 20_261_122
ROUNDS = 3
"""Each figure is the best of so many rounds: the machine is shared, and noise only adds."""

GIVEN = ("Maria", "José", "Bill", "Elizabeth", "Ann-Marie", "Søren", "Robert", "Liz", "Xiomara")
FAMILY = ("Garcia", "O'Brien", "de la Cruz", "Smith-Jones", "Lee", "Núñez", "St. John", "Brown Jr.")
STREETS = (
    "Main Street",
    "N Oak Ave",
    "Martin Luther King Jr Blvd",
    "145th St NW",
    "San Pablo Rd S",
)
DOMAINS = ("example.com", "gmail.com", "agency.gov", "smith.org", "mail.example.net")


@dataclass(frozen=True, slots=True)
class Timed:
    """One line of the report: microseconds per value, and the fast path's share where there is one."""

    name: str
    per_value_us: float
    share: float | None = None


def main() -> None:
    """Print one line per function."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=20_000)
    for timed in measure(parser.parse_args().values):
        share = "" if timed.share is None else f"  fast path takes {timed.share:6.1%}"
        print(f"{timed.name:<44}{timed.per_value_us:9.2f} us{share}")


def measure(count: int) -> list[Timed]:
    """Every function on `count` made-up values of its kind."""
    seeded = random.Random(SEED)
    return [
        *_names(seeded, count),
        *_addresses(seeded, count),
        *_contacts(seeded, count),
        *_rest(seeded, count),
    ]


def _names(seeded: random.Random, count: int) -> list[Timed]:
    given = [seeded.choice(GIVEN) for _ in range(count)]
    family = [seeded.choice(FAMILY) for _ in range(count)]
    ascii_only = [name for name in family if name.isascii()]
    whole = [f"{one} {other}" for one, other in zip(given, family, strict=True)]
    bare = [found for name in given if (found := names.given(name))]
    return [
        Timed("text.fold, ASCII", _best(text.fold, ascii_only)),
        Timed("text.fold, ASCII, without its fast path", _best(_fold_through_unicode, ascii_only)),
        Timed("names.given", _best(names.given, given)),
        Timed("names.family", _best(names.family, family)),
        Timed("names.split_full", _best(names.split_full, whole)),
        Timed("names.nickname_root", _best(names.nickname_root, bare)),
        Timed("names.soundex", _best(names.soundex, bare)),
        Timed("names.metaphone", _best(names.metaphone, bare)),
        Timed(
            "organizations.name",
            _best(organizations.name, [f"{name} & Sons, Inc." for name in family]),
        ),
    ]


def _addresses(seeded: random.Random, count: int) -> list[Timed]:
    # One in eight has a unit, as a register of households has it.
    units = ["", "", "", "", "", "", "", " Apt {}"]
    lines = [
        f"{seeded.randint(1, 99_999)} {seeded.choice(STREETS)}"
        + seeded.choice(units).format(seeded.randint(1, 99))
        for _ in range(count)
    ]
    folded = [found for line in lines if (found := text.fold(line))]
    full = [f"{line}, Springfield, IL {seeded.randint(10_000, 99_999)}" for line in lines]
    taken = sum(address_lines.plain_line(line) is not None for line in folded) / count
    few = folded[: max(1, count // 10)]
    return [
        Timed("addresses.parts", _best(addresses.parts, lines), taken),
        Timed("addresses.parts, whole address", _best(_whole, full), taken),
        Timed("  reading a line, fast path first", _best(_read, folded), taken),
        Timed("  reading a line, usaddress alone", _best(_labelled, few)),
    ]


def _contacts(seeded: random.Random, count: int) -> list[Timed]:
    shapes = ["({}) {}-{}", "{}-{}-{}", "+1{}{}{}", "{}{}{}"]
    phones = [
        seeded.choice(shapes).format(
            seeded.randint(201, 989), seeded.randint(200, 999), seeded.randint(1000, 9999)
        )
        for _ in range(count)
    ]
    emails = [
        f"{seeded.choice(GIVEN)}.{seeded.randint(1, 9999)}@{seeded.choice(DOMAINS)}"
        for _ in range(count)
    ]
    few_phones, few_emails = phones[: max(1, count // 10)], emails[: max(1, count // 10)]
    return [
        Timed("contacts.phone", _best(contacts.phone, phones), 1.0),
        Timed("  phonenumbers alone", _best(_parsed_phone, few_phones)),
        Timed(
            "contacts.email", _best(contacts.email, emails), sum(map(str.isascii, emails)) / count
        ),
        Timed("  email-validator alone", _best(contacts.parsed_email.__wrapped__, few_emails)),
    ]


def _rest(seeded: random.Random, count: int) -> list[Timed]:
    days = [date.fromordinal(seeded.randint(700_000, 738_000)) for _ in range(count)]
    numbers = [
        f"{seeded.randint(1, 899):03d}-{seeded.randint(1, 99):02d}-{seeded.randint(1, 9999):04d}"
        for _ in days
    ]
    return [
        Timed("dates.birth", _best(dates.birth, days)),
        Timed("dates.loose", _best(dates.loose, [day.isoformat() for day in days])),
        Timed("identifiers.canonical, ssn", _best(_ssn, numbers)),
    ]


def _best(function: Callable[[Value], object], values: Sequence[Value]) -> float:
    return min(_round(function, values) for _ in range(ROUNDS))


def _round(function: Callable[[Value], object], values: Sequence[Value]) -> float:
    started = time.process_time()
    for value in values:
        function(value)
    return (time.process_time() - started) / len(values) * 1e6


def _fold_through_unicode(raw: str) -> str | None:
    return text.fold(text.to_ascii(raw))


def _whole(full: str) -> object:
    return addresses.parts(full_address=full)


def _read(folded: str) -> object:
    return address_lines.read(folded, is_full=False)


def _labelled(folded: str) -> object:
    return address_lines.read_labelled.__wrapped__(folded, is_full=False)


def _parsed_phone(number: str) -> object:
    return contacts.parsed_phone.__wrapped__(number, "US")


def _ssn(number: str) -> object:
    return identifiers.canonical("ssn", number)


if __name__ == "__main__":
    main()
