"""The keys a record offers: two records that share one are worth a comparison.

Decides which compound values may bring records together, chosen by what a record has. Turning a key
into a tag is the vault's work, joining tags that of candidates.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from hub.domain.records import ConstituentKind
from matching.features import COLUMNS, Features


@dataclass(frozen=True, slots=True)
class BlockingKey:
    """A compound value two records may share, and the number of the rule that made it."""

    rule: int
    value: str


class Offered(StrEnum):
    """Which records offer a rule's keys: all, or only those with nothing better to be found by."""

    ALWAYS = "always"
    SPARSE = "sparse"


@dataclass(frozen=True, slots=True)
class Rule:
    """A blocking rule. Its number is stored with every tag, so it is never given to another rule.

    tier 2: a pair that shares nothing else counts only if one of the two at least is poor.
    """

    number: int
    label: str
    tier: int
    offered: Offered = Offered.ALWAYS


_PERSON_RULES: Final = (
    Rule(1, "national number", 1),
    Rule(2, "number's last four + family name's start", 1),
    Rule(3, "birth date + an initial, of given or family name", 1),
    Rule(4, "birth date's digits in order + family name's sound", 1),
    Rule(5, "sounds of both names + birth year", 1),
    Rule(6, "address + given name's root", 1),
    Rule(7, "e-mail", 1),
    Rule(8, "telephone", 1),
    Rule(9, "both names in order of the alphabet", 1),
    Rule(10, "another register's number", 1),
    Rule(11, "number's last four + birth year", 1),
    Rule(12, "post code + birth date", 1),
    Rule(13, "post code + family name's sound + given initial", 1),
    Rule(20, "sounds of both names", 2),
    Rule(21, "street + family name's sound", 2),
    Rule(22, "given name's root + family name's sound", 2),
    Rule(23, "e-mail before the @", 2),
    Rule(30, "given name's sound + birth year and month", 2, Offered.SPARSE),
    Rule(31, "family name's sound + birth month and day", 2, Offered.SPARSE),
    Rule(32, "given name + birth year", 2, Offered.SPARSE),
    Rule(33, "e-mail before the @ + birth year", 2, Offered.SPARSE),
    Rule(34, "city + birth date", 2, Offered.SPARSE),
    Rule(35, "city + a name's sound", 2, Offered.SPARSE),
    Rule(36, "e-mail's start + an initial", 2, Offered.SPARSE),
    Rule(37, "post code + given name's sound", 2, Offered.SPARSE),
    Rule(40, "custom attribute + birth date", 2, Offered.SPARSE),
    Rule(41, "custom attribute + a name's sound", 2, Offered.SPARSE),
)
_ORGANIZATION_RULES: Final = (
    Rule(101, "national number", 1),
    Rule(102, "another register's number", 1),
    Rule(103, "name + post code", 1),
    Rule(104, "words of the name in order + city", 1),
    Rule(105, "telephone", 1),
    Rule(106, "e-mail", 1),
    Rule(107, "address + name's first word", 1),
    Rule(108, "name's sound + post code", 1),
    Rule(109, "words of a name of several in order", 2),
    Rule(110, "e-mail's domain + name's start", 2),
    Rule(111, "custom attribute + name's first word", 2),
)
RULES: Final[Mapping[int, Rule]] = MappingProxyType(
    {rule.number: rule for rule in (*_PERSON_RULES, *_ORGANIZATION_RULES)}
)

RULES_OF: Final[Mapping[ConstituentKind, tuple[int, ...]]] = MappingProxyType(
    {
        ConstituentKind.PERSON: tuple(rule.number for rule in _PERSON_RULES),
        ConstituentKind.ORGANIZATION: tuple(rule.number for rule in _ORGANIZATION_RULES),
    }
)
"""The numbers of each kind's rules: no rule serves both."""

_STRONG: Final = {
    ConstituentKind.PERSON: ("birth", "national_id", "phone", "email", "line"),
    ConstituentKind.ORGANIZATION: ("national_id", "other_id", "phone", "email", "line"),
}
_STRONG_MIN: Final = {ConstituentKind.PERSON: 3, ConstituentKind.ORGANIZATION: 2}
# With any of these a person is found by rules that ask little of the names.
_FINDS_PERSON: Final = ("national_id", "other_id", "phone", "line")
_EMAIL_START: Final = 6


def is_poor(kind: ConstituentKind, features: Features) -> bool:
    """Whether the record has so few strong attributes that it must also ask with tier-2 keys."""
    values = features.values
    strong = sum(values[place] is not None for place in _PLACES[kind])
    return strong < _STRONG_MIN[kind]


def keys(kind: ConstituentKind, features: Features) -> list[BlockingKey]:
    """Every distinct key of a record, by rule number; empty for a record with next to nothing."""
    values = dict(zip(COLUMNS[kind], features.values, strict=True))
    found = dict.fromkeys(_KEYS[kind](values, features.custom))
    return [BlockingKey(rule, value) for rule, value in found]


# --- persons ---------------------------------------------------------------------------------

_Values = Mapping[str, str | None]
_Pairs = Iterator[tuple[int, str]]


def _person_keys(v: _Values, custom: Mapping[str, str]) -> _Pairs:
    yield from _number_keys(v)
    yield from _contact_keys(v)
    yield from _name_keys(v)
    yield from _place_keys(v)
    if not any(v[column] for column in _FINDS_PERSON):
        yield from _sparse_keys(v)
        yield from _custom_keys(v, custom)


def _number_keys(v: _Values) -> _Pairs:
    last4, family, birth = v["id_last4"], v["family"], v["birth"]
    if v["national_id"]:
        yield 1, v["national_id"]
    if last4 and family:
        yield 2, f"{last4}|{family[:3]}"
    if last4 and birth:
        yield 11, f"{last4}|{birth[:4]}"
    if v["other_scheme"] and v["other_id"]:
        yield 10, f"{v['other_scheme']}|{v['other_id']}"


def _contact_keys(v: _Values) -> _Pairs:
    if v["email"]:
        yield 7, v["email"]
    if v["email_local"] and len(v["email_local"]) >= _EMAIL_START:
        yield 23, v["email_local"]
    if v["phone"]:
        yield 8, v["phone"]


def _name_keys(v: _Values) -> _Pairs:
    given, family, birth = v["given"], v["family"], v["birth"]
    sounds = _both(v["given_sound"], v["family_sound"])
    if birth:
        # Initials of either name, so that names written in each other's field still meet.
        for name in (given, family):
            if name:
                yield 3, f"{birth}|{name[0]}"
        if v["family_sound"]:
            yield 4, f"{_digits(birth)}|{v['family_sound']}"
        if sounds:
            yield 5, f"{sounds}|{birth[:4]}"
    if given and family:
        yield 9, _both(given, family)
    if sounds:
        yield 20, sounds
    if v["given_root"] and v["family_sound"]:
        yield 22, f"{v['given_root']}|{v['family_sound']}"


def _place_keys(v: _Values) -> _Pairs:
    post_code, sound = v["post_code"], v["family_sound"]
    if v["line"] and v["given_root"]:
        yield 6, f"{v['line']}|{v['given_root']}"
    if post_code and v["birth"]:
        yield 12, f"{post_code}|{v['birth']}"
    if post_code and sound and v["given"]:
        yield 13, f"{post_code}|{sound}|{v['given'][0]}"
    if v["street"] and sound:
        yield 21, f"{v['street']}|{sound}"


def _sparse_keys(v: _Values) -> _Pairs:
    city, post_code, local = v["city"], v["post_code"], v["email_local"]
    if v["birth"]:
        yield from _sparse_birth_keys(v, v["birth"])
    for sound in (v["given_sound"], v["family_sound"]):
        if city and sound:
            yield 35, f"{city}|{sound}"
    for name in (v["given"], v["family"]):
        if local and name and len(local) >= _EMAIL_START:
            yield 36, f"{local[:_EMAIL_START]}|{name[0]}"
    if post_code and v["given_sound"]:
        yield 37, f"{post_code}|{v['given_sound']}"


def _sparse_birth_keys(v: _Values, birth: str) -> _Pairs:
    """Keys with a part of the date each, so that a typing error in one part leaves the others."""
    if v["given_sound"]:
        yield 30, f"{v['given_sound']}|{birth[:7]}"
    if v["given"]:
        yield 32, f"{v['given']}|{birth[:4]}"
    if v["family_sound"]:
        yield 31, f"{v['family_sound']}|{birth[5:]}"
    if v["email_local"]:
        yield 33, f"{v['email_local']}|{birth[:4]}"
    if v["city"]:
        yield 34, f"{v['city']}|{birth}"


def _custom_keys(v: _Values, custom: Mapping[str, str]) -> _Pairs:
    for name, value in sorted(custom.items()):
        if v["birth"]:
            yield 40, f"{name}|{value}|{v['birth']}"
        for sound in (v["given_sound"], v["family_sound"]):
            if sound:
                yield 41, f"{name}|{value}|{sound}"


def _both(one: str | None, other: str | None) -> str:
    """Two names whichever came first; empty unless both are there."""
    return "|".join(sorted((one, other))) if one and other else ""


def _digits(birth: str) -> str:
    """The same for a date whose day and month, or two neighbouring digits, changed places."""
    return "".join(sorted(birth.replace("-", "")))


# --- organizations ---------------------------------------------------------------------------


def _organization_keys(v: _Values, custom: Mapping[str, str]) -> _Pairs:
    for rule, column in ((101, "national_id"), (105, "phone"), (106, "email")):
        if value := v[column]:
            yield rule, value
    if v["other_scheme"] and v["other_id"]:
        yield 102, f"{v['other_scheme']}|{v['other_id']}"
    for name in (v["name"], v["trading_name"]):
        if name:
            yield from _organization_name_keys(v, name, custom)
    if v["name_sound"] and v["post_code"]:
        yield 108, f"{v['name_sound']}|{v['post_code']}"


def _organization_name_keys(v: _Values, name: str, custom: Mapping[str, str]) -> _Pairs:
    """Keys with one of the names: a register's legal name may be another's trading name."""
    words = name.split()
    in_order = " ".join(sorted(words))
    if v["post_code"]:
        yield 103, f"{name}|{v['post_code']}"
    if v["city"]:
        yield 104, f"{in_order}|{v['city']}"
    if v["line"]:
        yield 107, f"{v['line']}|{words[0]}"
    if len(words) > 1:
        yield 109, in_order
    if v["email_domain"]:
        yield 110, f"{v['email_domain']}|{name[:4]}"
    for attribute, value in sorted(custom.items()):
        yield 111, f"{attribute}|{value}|{words[0]}"


_PLACES: Final = {
    kind: tuple(COLUMNS[kind].index(column) for column in columns)
    for kind, columns in _STRONG.items()
}
_KEYS: Final[Mapping[ConstituentKind, Callable[[_Values, Mapping[str, str]], _Pairs]]] = {
    ConstituentKind.PERSON: _person_keys,
    ConstituentKind.ORGANIZATION: _organization_keys,
}
