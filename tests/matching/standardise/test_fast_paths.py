"""A fast path that accepts a text gives the library's own answer.

Each fast path is compared with the same function led past it, on every text the path may accept:
all of a small world, and generated ones that look for the edges.
"""

from __future__ import annotations

import itertools
import random
import re

import usaddress
from email_validator import EmailNotValidError, validate_email
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from matching.standardise import address_lines, contacts, text
from matching.standardise.usps import ABBREVIATIONS, DIRECTIONALS, UNIT_WORDS

PLACES = text.words(
    "springfield paris richmond st james saint paul las vegas new york port orchard fort worth mount"
    " vernon county line state road us highway old mill creek broadway wall oak elm maple pine first"
    " second ninth the park lake view king martin luther suite life main o brien le moyne delmar"
    " washington virginia georgia in or me al de la wallaby esplanade close mews unit floor side key"
    " rear front stop lot building hall tower plaza center mall po box rural route general delivery"
    " corner of and ne sw north south west east n s e w a b x number no apt ste"
)
STREET_WORDS = sorted({*PLACES, *ABBREVIATIONS, *ABBREVIATIONS.values(), *UNIT_WORDS})


def _agrees(folded: str) -> bool:
    """True where the fast path accepts and agrees, False where it leaves the text to usaddress."""
    plain = address_lines.plain_line(folded)
    if plain is None:
        return False
    labelled = address_lines.read_labelled.__wrapped__(folded, is_full=False)
    assert labelled == address_lines.AddressText(plain), folded
    return True


def test_plain_addresses_are_read_as_usaddress_reads_them() -> None:
    seeded = random.Random(20_261_122)
    ordinals = ["1st", "2nd", "3rd", "4th", "11th", "112th", "145th"]
    accepted = 0
    for _ in range(12_000):
        words = seeded.choices(STREET_WORDS + ordinals, k=seeded.randint(1, 5))
        accepted += _agrees(f"{seeded.choice((0, 7, 12, 100, 4071, 99999))} {' '.join(words)}")
    assert accepted > 4_000


def test_every_street_type_and_direction_is_read_alike_in_the_commonest_shapes() -> None:
    types = sorted({*ABBREVIATIONS, *ABBREVIATIONS.values()} - DIRECTIONALS)
    for kind, direction in itertools.product(types, ("", "n", "southwest")):
        assert _agrees(" ".join(f"12 {direction} oak {kind}".split())) or kind in UNIT_WORDS
        assert _agrees(f"12 oak {kind} {direction}".strip()) or kind in UNIT_WORDS


@settings(max_examples=400, deadline=None)
@given(
    st.from_regex(address_lines.PLAIN_LINE, fullmatch=True, alphabet=st.characters(codec="ascii")),
)
@example("12 main st n")
@example("007 145th st")
@example("12 4th floor st")
@example("0 a st")
@example("1 n n n n n")
def test_any_text_of_the_plain_shape_is_read_as_usaddress_reads_it(folded: str) -> None:
    assume(folded == text.fold(folded))
    _agrees(folded)


def test_what_usaddress_splits_off_never_takes_the_fast_path() -> None:
    for folded in (
        "12 main st apt 4",
        "12 main st 4b",
        "po box 12",
        "12 main st a",
        "12 main rear",
    ):
        assert address_lines.plain_line(folded) is None


def test_the_plain_shape_parts_into_the_words_usaddress_parts_it_into() -> None:
    folded = "4071 southwest martin luther king drive"
    assert [token for token, _ in usaddress.parse(folded)] == folded.split()


def test_a_whole_address_parted_by_commas_is_read_alike_with_and_without_the_fast_path() -> None:
    seeded = random.Random(7)
    states = ["il", "new york", "wa", "ne", "district of columbia"]
    for _ in range(1_500):
        line = f"{seeded.randint(1, 9999)} {' '.join(seeded.choices(STREET_WORDS, k=3))}"
        city = " ".join(seeded.choices(PLACES, k=seeded.randint(1, 2)))
        folded = f"{line}, {city}, {seeded.choice(states)} {seeded.randint(10_000, 99_999)}"
        slow = address_lines.read_labelled.__wrapped__(folded, is_full=True)
        assert address_lines.read(folded, is_full=True) == slow, folded


PHONE_SHAPES: tuple[str, ...] = (
    "{}{}{}",
    "({}) {}-{}",
    "({}){}{}",
    "{}-{}-{}",
    "{}.{}.{}",
    "{} {} {}",
    "+1{}{}{}",
)
PHONE_SHAPES += (
    "1{}{}{}",
    "1-{}-{}-{}",
    "+1 ({}) {}-{}",
    "1 {} {} {}",
    "+1.{}.{}.{}",
    "+1-({}){}{}",
)


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(PHONE_SHAPES),
    st.integers(0, 999).map("{:03d}".format),
    st.integers(0, 999).map("{:03d}".format),
    st.integers(0, 9999).map("{:04d}".format),
)
def test_north_american_numbers_come_out_as_phonenumbers_has_them(
    shape: str, area: str, exchange: str, subscriber: str
) -> None:
    number = shape.format(area, exchange, subscriber)
    assert contacts.phone(number) == contacts.parsed_phone.__wrapped__(number, "US")


def test_every_area_code_comes_out_as_phonenumbers_has_it() -> None:
    for area, shape in itertools.product(range(200, 1000), PHONE_SHAPES):
        number = shape.format(area, "555", "0142")
        assert contacts.phone(number) == contacts.parsed_phone.__wrapped__(number, "US")


@settings(max_examples=500, deadline=None)
@given(
    st.from_regex(
        contacts._NANP,
        fullmatch=True,
        alphabet=st.characters(codec="ascii", exclude_characters="\n"),
    )
)
def test_any_text_of_the_north_american_shape_comes_out_as_phonenumbers_has_it(number: str) -> None:
    assert contacts.phone(number) == contacts.parsed_phone.__wrapped__(number, "US")


plain_emails = st.from_regex(
    re.compile(r"[A-Za-z0-9_+.\-]{1,12}@[A-Za-z0-9.\-]{1,16}"),
    fullmatch=True,
    alphabet=st.characters(codec="ascii", exclude_characters="\n"),
)


@settings(max_examples=500, deadline=None)
@given(st.one_of(plain_emails, plain_emails.map(lambda address: address + ".com"), st.emails()))
@example("Info@Example.COM")
@example("a..b@example.com")
@example("ann@-x-.com")
@example(f"{'a' * 70}@example.com")
@example(f"{'a' * 250}@example.com")
@example("ann@xn--exmple-cua.com")
def test_addresses_come_out_as_email_validator_has_them(address: str) -> None:
    assert contacts.email(address) == contacts.parsed_email.__wrapped__(address)


@settings(max_examples=200, deadline=None)
@given(st.emails())
def test_an_address_the_library_accepts_is_its_normal_form_in_lower_case(address: str) -> None:
    try:
        valid = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return
    assume(valid.ascii_email is not None and contacts.email(address) is not None)
    assert contacts.email(address) == str(valid.ascii_email).lower()


@settings(max_examples=500)
@given(st.text(alphabet=st.characters(codec="ascii"), max_size=12))
def test_ascii_text_folds_as_any_text_does(raw: str) -> None:
    through_unicode = text.to_ascii(raw) if raw else raw
    # NFKD and the table of letters leave ASCII alone, but for the backtick read as an apostrophe.
    assert text.fold(through_unicode) == text.fold(raw.replace("`", "'"))
