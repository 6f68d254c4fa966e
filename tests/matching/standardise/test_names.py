"""Personal names: what is one name, what is none."""

from __future__ import annotations

import pytest

from matching.standardise import names
from matching.standardise.names import PersonName


@pytest.mark.parametrize(
    "spellings",
    [
        ("de la Cruz", "De La Cruz", "Dela Cruz", "DelaCruz", "DE-LA-CRUZ"),
        ("O'Brien", "O’Brien", "OBRIEN", "O Brien", "o'brien jr."),
        ("van der Berg", "Vanderberg", "VanDer Berg"),
        ("St. John", "Saint John", "St John", "StJohn"),
        ("McDonald", "Mc Donald", "MCDONALD III"),
        ("Smith-Jones", "Smith Jones", "smith – jones"),
        ("Núñez", "Nunez", "NUÑEZ SR"),
    ],
)
def test_spellings_of_one_family_name_are_equal(spellings: tuple[str, ...]) -> None:
    assert len({names.family(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    "name", ["Null", "Test", "Love", "Doe", "Child", "Friend", "Son", "Na", "V"]
)
def test_a_real_surname_that_looks_like_a_placeholder_is_kept(name: str) -> None:
    assert names.family(name) == name.lower()
    assert names.personal(given_name="Maria", family_name=name).family == name.lower()
    assert names.split_full(f"Maria {name}").family == name.lower()


@pytest.mark.parametrize(
    "name", ["Unknown", "N/A", "none", "LNU", "No Last Name", "Occupant", "12345", "-", ""]
)
def test_a_family_name_that_stands_for_none_is_no_evidence(name: str) -> None:
    assert names.family(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "Unknown", "FNU", "Baby Boy", "BABY GIRL A", "BabyBoy", "Granddaughter", "Child F", "Male Child",
        "Lady of the House", "Lady in the", "Man of", "Daughter of Maria", "Baby of Ann", "Null", "test",
        "Deceased", "N/A", "123",
    ],
)  # fmt: skip
def test_a_given_name_that_stands_for_none_is_no_evidence(name: str) -> None:
    assert names.given(name) is None


@pytest.mark.parametrize(
    "name", ["Babette", "Manfred", "Sonia", "Lady Bird Ann", "Baby Jane", "Na", "Guestina"]
)
def test_a_given_name_that_only_begins_like_a_placeholder_is_kept(name: str) -> None:
    assert names.given(name) == name.lower()


def test_middle_names_say_when_there_is_none() -> None:
    assert names.middle("NMN") is None
    assert names.middle("N.") == "n"
    assert names.middle("Ann-Marie") == "ann marie"


@pytest.mark.parametrize(
    ("given", "family"),
    [
        ("John", "Doe"),
        ("JANE", "DOE"),
        ("Baby", "Doe"),
        ("Baby Boy", "Child"),
        ("Test", "Test"),
        ("Mickey", "Mouse"),
    ],
)
def test_two_words_that_together_name_nobody_are_no_evidence(given: str, family: str) -> None:
    nobody = PersonName(None, None, None, None)
    assert names.personal(given_name=given, family_name=family) == nobody
    assert names.split_full(f"{given} {family}") == nobody
    assert names.split_full(f"{family}, {given}") == nobody


def test_half_of_a_placeholder_pair_is_a_name() -> None:
    assert names.personal(given_name="Emily", family_name="Doe").family == "doe"
    assert names.personal(given_name="John", family_name="Roebuck").given == "john"
    assert names.personal(given_name="Baby Boy", family_name="Garcia") == (
        None,
        None,
        "garcia",
        None,
    )
    assert names.personal(family_name="Love") == (None, None, "love", None)


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("Smith, John Q", ("john", "q", "smith", None)),
        ("John Q. Smith Jr.", ("john", "q", "smith", "jr")),
        ("Smith Jr, John", ("john", None, "smith", "jr")),
        ("SMITH, JOHN, JR", ("john", None, "smith", "jr")),
        ("John Smith, III", ("john", None, "smith", "iii")),
        ("Dr. John Smith, MD", ("john", None, "smith", None)),
        ("de la Cruz, María Elena", ("maria", "elena", "delacruz", None)),
        ("Maria Elena De La Cruz", ("maria", "elena", "delacruz", None)),
        ("Eric R Alonso Tellez", ("eric", "r", "alonso tellez", None)),
        ("J. R. R. Tolkien", ("j", "r r", "tolkien", None)),
        ("John D Smith", ("john", "d", "smith", None)),
        ("John Ben Smith", ("john", "ben", "smith", None)),
        ("Sean P O Brien", ("sean", "p o", "brien", None)),
        ("Cher", (None, None, "cher", None)),
        ("Smith,", (None, None, "smith", None)),
        ("", (None, None, None, None)),
        ("Unknown", (None, None, None, None)),
    ],
)
def test_whole_names_split(whole: str, parts: tuple[str | None, ...]) -> None:
    assert names.split_full(whole) == parts


def test_stated_parts_go_before_a_whole_name_and_fill_it_up() -> None:
    stated = names.personal(given_name="Ann", family_name="Lee", full_name="Bo Ray")
    assert stated == ("ann", None, "lee", None)
    filled = names.personal(full_name="Bo Ray", middle_name="Q", name_suffix="Sr.")
    assert filled == ("bo", "q", "ray", "sr")


def test_an_initial_after_the_given_name_is_the_middle_name_where_that_is_empty() -> None:
    assert names.personal(given_name="Robert J", family_name="Kay").middle == "j"
    assert (
        names.personal(given_name="Robert J", middle_name="Paul", family_name="Kay").given
        == "robert j"
    )
    assert names.personal(given_name="J R", family_name="Kay").given == "j r"


@pytest.mark.parametrize(
    ("raw", "suffix"),
    [
        ("Jr.", "jr"),
        ("JUNIOR", "jr"),
        ("Sr", "sr"),
        ("2nd", "ii"),
        ("Third", "iii"),
        ("IV", "iv"),
        ("M.D.", None),
        ("", None),
    ],
)
def test_suffixes_have_one_writing(raw: str, suffix: str | None) -> None:
    assert names.suffix(raw) == suffix


def test_a_suffix_at_the_end_of_a_family_name_is_found_and_taken_off() -> None:
    assert names.split_suffix("O'Brien, Jr.") == ("obrien", "jr")
    assert names.split_suffix("Senior") == ("senior", None)
    assert names.personal(given_name="A", family_name="Lee II").suffix == "ii"


@pytest.mark.parametrize(
    "group",
    [
        ("william", "will", "bill", "billy"), ("robert", "rob", "bob", "bobby"), ("margaret", "peggy", "meg", "maggie"),
        ("elizabeth", "liz", "beth", "betty", "eliza"), ("katherine", "kate", "kathy"), ("richard", "dick", "rick", "rich"),
        ("edward", "ned", "ted"), ("samuel", "sam", "sammy"), ("christopher", "chris"), ("andrew", "andy", "drew"),
        ("john", "jack", "johnny"), ("anthony", "tony"), ("daniel", "dan", "danny"), ("jennifer", "jen", "jenny"),
    ],
)  # fmt: skip
def test_a_name_and_its_nicknames_meet(group: tuple[str, ...]) -> None:
    assert {names.nickname_root(name) for name in group} == {group[0]}


def test_different_names_do_not_meet_under_one_root() -> None:
    formal = [
        "william",
        "robert",
        "john",
        "mary",
        "patrick",
        "patricia",
        "samantha",
        "alexandra",
        "nathaniel",
        "eric",
    ]
    assert [names.nickname_root(name) for name in formal] == formal


def test_a_name_nobody_shortens_is_its_own_root() -> None:
    assert names.nickname_root("xiomara") == "xiomara"
    assert names.nickname_root("bill ray") == "william"


def test_names_that_sound_alike_share_their_code() -> None:
    assert names.phonetic("Meyer") == names.phonetic("Maier") == names.soundex("MEIER") == "m600"
    assert names.metaphone("Philip") == names.metaphone("Filip")
    assert names.phonetic("O'Brien") == names.phonetic("OBrien")
    for nothing in (None, "", "123", "-"):
        assert names.phonetic(nothing) is None
        assert names.metaphone(nothing) is None
