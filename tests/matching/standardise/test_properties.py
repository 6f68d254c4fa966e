"""What holds for every standardising function, whatever the text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.standardise import addresses, contacts, identifiers, names, organizations, text

Standardise = Callable[[str], str | None]

FUNCTIONS: dict[str, Standardise] = {
    "text.fold": text.fold,
    "text.comparable": text.comparable,
    "names.given": names.given,
    "names.middle": names.middle,
    "names.family": names.family,
    "names.suffix": names.suffix,
    "names.nickname_root": names.nickname_root,
    "organizations.name": organizations.name,
    "addresses.line of a delivery line": addresses.line,
    "addresses.unit": addresses.unit,
    "addresses.city": addresses.city,
    "addresses.admin_unit": addresses.admin_unit,
    "addresses.post_code": addresses.post_code,
    "contacts.phone": contacts.phone,
    "contacts.phone abroad": partial(contacts.phone, region="AU"),
    "contacts.email": contacts.email,
    "identifiers.canonical of ssn": partial(identifiers.canonical, "ssn"),
    "identifiers.canonical of ein": partial(identifiers.canonical, "ein"),
    "identifiers.canonical of anything": partial(identifiers.canonical, "driving_licence"),
}
# A code of a sound is not itself a name, and a full address's line no full address.
ONE_WAY: dict[str, Standardise] = {
    "names.soundex": names.soundex,
    "names.metaphone": names.metaphone,
    "organizations.legal_form": organizations.legal_form,
    "organizations.trading_name": organizations.trading_name,
    "addresses.line of a full address": lambda full: addresses.line(full_address=full),
}

VOCABULARY = (
    "Mary-Jane O'Brien de la Cruz St. Saint van Jr. Sr III Doe john Baby boy of the unknown n/a Son"
    " child Inc. L.L.C. Co & and The dba d/b/a t/a A B C pty Ltd 12 0012 3/12 1/2 112-10 145th # 4b"
    " Main Street Avenue North NW Apt. Unit floor rear lot box PO P.O. RR rural route Springfield,"
    " IL WA Washington 62704 62704-1234 , . - ( ) + 1 206 555-0123 (206) x45 ext ann@example.com <a@b.co>"
    " @ none@none.com xn--a 123-45-6789 078-05-1120 ½ Ægir Мария ß İ ﬁ Ⅳ № 　"
)
WORDS = VOCABULARY.split(" ")

nasty = st.lists(
    st.one_of(
        st.sampled_from(WORDS),
        st.text(max_size=6),
        st.text(alphabet="abno019-./,'#@ ", max_size=6),
    ),
    max_size=7,
)
raw_texts = st.builds(
    lambda parts, joiner: joiner.join(parts), nasty, st.sampled_from([" ", "", ", ", "\x00", "\t"])
)


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=150, deadline=None)
@given(raw=raw_texts)
def test_a_comparable_value_stays_itself(name: str, raw: str) -> None:
    once = FUNCTIONS[name](raw)
    if once is not None and once != "":
        assert FUNCTIONS[name](once) == once


@pytest.mark.parametrize("name", [*FUNCTIONS, *ONE_WAY])
@settings(max_examples=100, deadline=None)
@given(raw=raw_texts)
def test_a_value_is_none_or_folded_ascii_and_never_empty(name: str, raw: str) -> None:
    if name == "names.nickname_root":
        raw = names.given(raw) or "ann"  # it takes what given() gives, and so always has an answer
    found = (FUNCTIONS | ONE_WAY)[name](raw)
    if found is not None:
        assert found
        assert found.isascii()
        assert found.isprintable()
        assert found == " ".join(found.lower().split())


@settings(max_examples=150, deadline=None)
@given(raw=raw_texts)
def test_every_part_of_a_name_or_address_is_comparable_itself(raw: str) -> None:
    person = names.split_full(raw)
    assert names.personal(**_as_fields(person)) == person
    parts = addresses.parts(full_address=raw)
    for part in (*person, *parts):
        assert part is None or (part and part == text.fold(part))
    assert parts.line == addresses.line(parts.line)


def _as_fields(person: names.PersonName) -> dict[str, str | None]:
    return {
        "given_name": person.given,
        "middle_name": person.middle,
        "family_name": person.family,
        "name_suffix": person.suffix,
    }
