"""Postal addresses: spellings of one line meet, units and boxes are told apart."""

from __future__ import annotations

import pytest

from matching.standardise import addresses


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("123 North Main Street", "123 n main st"),
        ("123 N. Main St.", "123 n main st"),
        ("00123 N MAIN STR", "123 n main st"),
        ("1501 Interlake Avenue North", "1501 interlake ave n"),
        ("12 First Ave", "12 1st ave"),
        ("5112 145th St", "5112 145th st"),
        ("9 Saint James Court", "9 st james ct"),
        ("12 O'Brien Way", "12 obrien way"),
        ("112-10 41st Avenue", "112-10 41st ave"),
        ("12½ Oak St", "12 1/2 oak st"),
        ("12 Avenue C", "12 ave c"),
        ("12 N.W. 5th Pl", "12 nw 5th pl"),
        ("7 wallaby place", "7 wallaby pl"),
        ("38 Salkauskas Crescent", "38 salkauskas cres"),
        ("177 pridhamstreet", "177 pridhamstreet"),
        ("3/12 Smith Street", "12 smith st"),
        ("Unit 3, 12 Smith Street", "12 smith st"),
        ("Rue de la Paix 12", "rue de la paix 12"),
        ("c/o John Smith, 12 Main St", "12 main st"),
        ("san pablo rd s", "san pablo rd s"),
        ("12 Main St PO Box 9", "12 main st"),
    ],
)
def test_lines(raw: str, line: str) -> None:
    assert addresses.line(raw) == line


@pytest.mark.parametrize(
    ("raw", "unit"),
    [
        ("123 Main St Apt 4B", "4b"), ("123 Main St #4-B", "4b"), ("123 Main St, Suite 200", "200"),
        ("123 Main St 4b", "4b"), ("123 Main St rear", "rear"), ("Apt 4, 123 Main St", "4"), ("3/123 Main St", "3"),
    ],
)  # fmt: skip
def test_the_unit_is_kept_apart_from_the_line(raw: str, unit: str) -> None:
    parts = addresses.parts(raw)
    assert (parts.line, parts.unit) == ("123 main st", unit)


def test_a_stated_unit_repeated_at_the_end_of_the_line_is_dropped() -> None:
    assert addresses.line("123 Main St West 7", unit="7") == "123 main st w"
    assert addresses.line("123 Highway 7", unit="7") == "123 hwy 7"
    assert addresses.unit("Apt. 4-B") == "4b"
    assert addresses.unit("None") is None


def test_a_designator_alone_is_a_unit_only_where_it_says_where() -> None:
    assert addresses.unit("Rear") == "rear"
    assert addresses.unit("Apt.") is None
    assert addresses.parts("No. 12 Main St")[:4] == ("12 main st", "12", "main st", None)


@pytest.mark.parametrize(
    "raw",
    [
        "PO Box 0012",
        "P.O. Box 12",
        "P O BOX 12",
        "pobox 12",
        "Box 12",
        "Post Office Box 12",
        "PO Box #12",
        "PO Box No. 12",
    ],
)
def test_post_boxes_have_one_writing(raw: str) -> None:
    assert addresses.line(raw) == "po box 12"


def test_a_rural_route_is_a_line() -> None:
    assert addresses.line("Rural Route 2 Box 45") == addresses.line("RR 2, Box 45") == "rr 2 box 45"


@pytest.mark.parametrize(
    ("full", "expected"),
    [
        (
            "123 Main St Apt 4, Springfield, IL 62704",
            ("123 main st", "4", "springfield", "il", "62704"),
        ),
        (
            "123 Main St, Apt 4, Springfield, Illinois 62704-1234",
            ("123 main st", "4", "springfield", "il", "62704"),
        ),
        ("123 Main St Springfield IL 62704", ("123 main st", None, "springfield", "il", "62704")),
        ("12 Oak St, New York, New York, 10001", ("12 oak st", None, "new york", "ny", "10001")),
        ("12 Oak St, North Platte, NE 69101", ("12 oak st", None, "n platte", "ne", "69101")),
        ("PO Box 12, Springfield, IL 62704", ("po box 12", None, "springfield", "il", "62704")),
        ("7 Wallaby Place, Delmar, Cleveland 2119", ("7 wallaby pl", None, None, None, None)),
    ],
)
def test_whole_addresses(full: str, expected: tuple[str | None, ...]) -> None:
    parts = addresses.parts(full_address=full)
    assert (parts.line, *parts[3:]) == expected


def test_the_parts_of_a_line_are_number_and_street() -> None:
    parts = addresses.parts(
        "123 N. Main Street",
        stated_city="Saint Paul",
        stated_admin_unit="Minnesota",
        stated_post_code="55101-0001",
    )
    assert parts == ("123 n main st", "123", "n main st", None, "st paul", "mn", "55101")
    assert addresses.parts("Main Street")[1:3] == (None, "main st")


def test_stated_parts_go_before_those_found_in_the_text() -> None:
    full = "12 Oak St Apt 4, Boston, MA 02101"
    assert addresses.parts(None, full, "9", "Salem", "NH", "03079")[3:] == (
        "9",
        "salem",
        "nh",
        "03079",
    )


@pytest.mark.parametrize(
    "raw",
    [
        "Unknown", "N/A", "NONE", "No Fixed Abode", "no fixed address", "HOMELESS", "General Delivery", "Transient",
        "address unknown", "Return to Sender", "P.O. Box", "5209", "#", "-", "", "x" * 10_000,
    ],
)  # fmt: skip
def test_a_line_that_says_no_place_is_no_evidence(raw: str) -> None:
    assert addresses.line(raw) is None
    assert addresses.line(full_address=raw) is None


def test_real_streets_that_hold_a_placeholders_word_are_kept() -> None:
    assert addresses.line("12 Homeless Shelter Rd") == "12 homeless shelter rd"
    assert addresses.line("4 Unknown Rd") == "4 unknown rd"
    assert addresses.line("123 Main St") == "123 main st"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("WA", "wa"),
        ("Wash.", "wash"),
        ("washington", "wa"),
        ("D.C.", "dc"),
        ("District of Columbia", "dc"),
        ("NSW", "nsw"),
        ("XX", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_states_have_their_code_and_other_regions_their_words(raw: str, code: str | None) -> None:
    assert addresses.admin_unit(raw) == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("62704", "62704"),
        ("62704-1234", "62704"),
        ("627041234", "62704"),
        ("SW1A 1AA", "sw1a1aa"),
        ("2119", "2119"),
        ("00000", None),
        ("99999", None),
        ("N/A", None),
        (None, None),
    ],
)
def test_post_codes(raw: str | None, code: str | None) -> None:
    assert addresses.post_code(raw) == code


def test_cities_are_abbreviated_as_lines_are() -> None:
    assert addresses.city("Fort Worth") == addresses.city("Ft. Worth") == "ft worth"
    assert addresses.city("unknown") is None
    assert addresses.city("98101") is None
