"""A record -> its comparison columns: what the batch and the real-time scorer compare.

Decides which of a record's names, addresses, contact points and identifiers stand for it, one
value per column. Cleaning a value is left to matching.standardise; weighing it to the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

import pyarrow as pa

from hub.domain.records import (
    Address,
    ConstituentKind,
    ContactKind,
    CustomAttribute,
    CustomComparison,
    Identifier,
    Name,
    NameUse,
    Record,
)
from matching.standardise import (
    addresses,
    contacts,
    dates,
    identifiers,
    names,
    organizations,
    text,
)
from matching.standardise.placeholders import PLACEHOLDERS, PlaceholderField

FEATURES_VERSION = 1
"""Counts up with every change of a column or of a value's form; a model fits one version only."""

NATIONAL_SCHEMES = {
    ConstituentKind.PERSON: ("ssn", "national_id", "itin"),
    ConstituentKind.ORGANIZATION: ("ein", "business_number"),
}
"""Identifier schemes that name a constituent nation-wide, best first."""

COLUMNS: dict[ConstituentKind, tuple[str, ...]] = {
    ConstituentKind.PERSON: (
        "given",
        "given_root",
        "given_sound",
        "middle",
        "family",
        "family_sound",
        "family_other",
        "suffix",
        "sex",
        "birth",
        "national_id",
        "id_last4",
        "other_scheme",
        "other_id",
        "phone",
        "email",
        "email_local",
        "line",
        "house",
        "street",
        "post_code",
        "city",
    ),
    ConstituentKind.ORGANIZATION: (
        "name",
        "name_sound",
        "name_sorted",
        "trading_name",
        "national_id",
        "other_scheme",
        "other_id",
        "phone",
        "email",
        "email_domain",
        "line",
        "house",
        "street",
        "post_code",
        "city",
    ),
}

CUSTOM_PREFIX = "custom_"
"""What a custom attribute's column is called in the comparison table, before its own name."""


@dataclass(frozen=True, slots=True)
class Features:
    """One record's comparable values, in the order of COLUMNS; None where it has none.

    Every value is ASCII-folded, lower-case and not empty, so that DuckDB (bytes) and Python
    (characters) see the same string.
    """

    values: tuple[str | None, ...]
    custom: dict[str, str] = field(default_factory=dict)


def derive(record: Record, custom: Mapping[str, CustomComparison] | None = None) -> Features:
    """The comparison columns of a record; `custom` says how each declared attribute is compared."""
    values = _person(record) if record.kind is ConstituentKind.PERSON else _organization(record)
    return Features(values, _custom(record.custom, custom) if custom else {})


def to_table(
    record_ids: Sequence[int],
    features: Sequence[Features],
    kind: ConstituentKind,
    custom: Iterable[CustomAttribute] = (),
) -> pa.Table:
    """The comparison table: `record` int64, then one string column per feature and attribute."""
    columns: dict[str, pa.Array] = {"record": pa.array(record_ids, pa.int64())}
    for place, name in enumerate(COLUMNS[kind]):
        columns[name] = pa.array([f.values[place] for f in features], pa.string())
    for attribute in sorted(custom):
        column = [f.custom.get(attribute.name) for f in features]
        columns[CUSTOM_PREFIX + attribute.name] = pa.array(column, pa.string())
    return pa.table(columns)


# --- persons ---------------------------------------------------------------------------------


def _person(record: Record) -> tuple[str | None, ...]:
    given, middle, family, suffix = _person_name(record.names)
    phone, email = _contacts(record)
    national, scheme, other = _identifiers(record)
    line, house, street, post_code, city = _address(record.addresses)
    return (
        given,
        _root(given) if given else None,
        _sound(given) if given else None,
        middle,
        family,
        _sound(family) if family else None,
        _other_family(record.names, family),
        suffix,
        _sex(record),
        _birth(record.birth_date),
        national,
        national[-4:] if national and len(national) >= 6 else None,
        scheme,
        other,
        phone,
        email,
        _local(email),
        line,
        house,
        street,
        post_code,
        city,
    )


def _person_name(
    all_names: tuple[Name, ...],
) -> tuple[str | None, str | None, str | None, str | None]:
    """Given, middle, family and suffix of the name the record goes by: the legal one, else the first."""
    chosen = next((n for n in all_names if n.use is NameUse.LEGAL), None)
    if chosen is None:
        chosen = next(iter(all_names), None)
    if chosen is None:
        return (None, None, None, None)
    given, middle, family, suffix = names.personal(
        given_name=chosen.given_name,
        middle_name=chosen.middle_name,
        family_name=chosen.family_name,
        name_suffix=chosen.name_suffix,
        full_name=chosen.full_name,
    )
    if given and middle is None and " " in given:
        # "Mary Ann" in one field: the rest is what another agency files as the middle name.
        given, middle = given.split(" ", 1)
    return (given, middle, family, suffix)


def _other_family(all_names: tuple[Name, ...], family: str | None) -> str | None:
    """A family name of before, from a birth or alternative name, where it differs from today's."""
    for name in all_names:
        if name.use is NameUse.LEGAL:
            continue
        other = names.family(name.family_name) if name.family_name else None
        if other is None and name.full_name:
            other = names.split_full(name.full_name)[2]
        if other and other != family:
            return other
    return None


def _birth(day: date | None) -> str | None:
    kept = dates.birth(day)
    return kept.isoformat() if kept else None


def _sex(record: Record) -> str | None:
    if record.sex is not None:
        return record.sex.value[0]
    gender = _known_text(record.gender)
    return gender[0] if gender and gender != "u" else None


# --- organizations ---------------------------------------------------------------------------


def _organization(record: Record) -> tuple[str | None, ...]:
    name, trading = _organization_names(record.names)
    phone, email = _contacts(record)
    national, scheme, other = _identifiers(record)
    line, house, street, post_code, city = _address(record.addresses)
    return (
        name,
        _sound(name) if name else None,
        " ".join(sorted(name.split())) if name else None,
        trading,
        national,
        scheme,
        other,
        phone,
        email,
        _domain(email),
        line,
        house,
        street,
        post_code,
        city,
    )


def _organization_names(all_names: tuple[Name, ...]) -> tuple[str | None, str | None]:
    """The legal name and the first trading name that differs from it, both without the legal form."""
    legal: str | None = None
    trading: str | None = None
    for name in all_names:
        said = organizations.name(name.full_name)
        if legal is None and name.use is NameUse.LEGAL:
            legal = said
        elif trading is None and said != legal:
            trading = said
        trading = trading or organizations.trading_name(name.full_name)
    return (legal, trading) if legal else (trading, None)


# --- shared ----------------------------------------------------------------------------------


def _contacts(record: Record) -> tuple[str | None, str | None]:
    phone: str | None = None
    email: str | None = None
    for point in record.contact_points:
        if point.kind is ContactKind.PHONE and phone is None:
            phone = contacts.phone(point.value)
        elif point.kind is ContactKind.EMAIL and email is None:
            email = contacts.email(point.value)
    return (phone, email)


def _identifiers(record: Record) -> tuple[str | None, str | None, str | None]:
    """The national number, then scheme and value of the first other identifier by scheme name."""
    if not record.identifiers:
        return (None, None, None)
    national: str | None = None
    others: list[Identifier] = []
    for identifier in record.identifiers:
        if identifier.scheme not in NATIONAL_SCHEMES[record.kind]:
            others.append(identifier)
        elif national is None:
            national = identifiers.canonical(identifier.scheme, identifier.value)
    for identifier in sorted(others, key=_scheme_and_value):
        value = identifiers.canonical(identifier.scheme, identifier.value)
        if value:
            return (national, identifier.scheme, value)
    return (national, None, None)


def _scheme_and_value(identifier: Identifier) -> tuple[str, str]:
    return (identifier.scheme, identifier.value)


def _address(
    all_addresses: tuple[Address, ...],
) -> tuple[str | None, str | None, str | None, str | None, str | None]:
    """Line, house number, street, post code and city of the first address."""
    if not all_addresses:
        return (None, None, None, None, None)
    address = all_addresses[0]
    found = addresses.parts(
        address.delivery_line,
        address.full_address,
        stated_unit=address.unit,
        stated_city=address.city,
        stated_post_code=address.post_code,
    )
    return (found.line, found.house_number, found.street, found.post_code, found.city)


def _local(email: str | None) -> str | None:
    return email.partition("@")[0] or None if email else None


def _domain(email: str | None) -> str | None:
    return email.partition("@")[2] or None if email else None


# Names repeat: a register of a million people has some tens of thousands of distinct ones.
_root = lru_cache(maxsize=65536)(names.nickname_root)
_sound = lru_cache(maxsize=65536)(names.phonetic)


def _custom(raw: Mapping[str, str], declared: Mapping[str, CustomComparison]) -> dict[str, str]:
    found = {}
    for name, comparison in declared.items():
        written = raw.get(name)
        value = _custom_value(written, comparison) if written else None
        if value:
            found[name] = value
    return found


def _custom_value(written: str, comparison: CustomComparison) -> str | None:
    if comparison is CustomComparison.NUMBER:
        return _number(written)
    if comparison is CustomComparison.DATE:
        day = dates.loose(written)
        return day.isoformat() if day else None
    return _known_text(written)


def _known_text(written: str | None) -> str | None:
    """Comparable words; None for those that say "unknown"."""
    found = text.comparable(written)
    return None if found in PLACEHOLDERS[PlaceholderField.TEXT] else found


def _number(written: str) -> str | None:
    """A number in one spelling: "007.50" and "7.5" are both "7.5"; None where it is none."""
    cleaned = written.strip().replace(",", "")
    whole, _, part = cleaned.lstrip("+-").partition(".")
    if not (whole + part).isdecimal() or not (whole + part).isascii():
        return None
    sign = "-" if cleaned.startswith("-") else ""
    part = part.rstrip("0")
    return sign + (whole.lstrip("0") or "0") + (f".{part}" if part else "")
