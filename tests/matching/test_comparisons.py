"""What is asked of two records, and which answer they get, as the engine gives it."""

from __future__ import annotations

import pytest

from hub.domain.records import ConstituentKind, CustomAttribute, CustomComparison
from matching.comparisons import comparisons
from matching.engine import connect
from matching.features import COLUMNS, CUSTOM_PREFIX
from matching.levels import Comparison, Held
from matching.portable import UnportableCondition, columns_of

PERSON, ORGANIZATION = ConstituentKind.PERSON, ConstituentKind.ORGANIZATION
BORN_IN = CustomAttribute("born_in", CustomComparison.TEXT)
CUSTOM = tuple(CustomAttribute(f"c_{c.value}", c) for c in CustomComparison)


def everything(
    kind: ConstituentKind, custom: tuple[CustomAttribute, ...] = ()
) -> dict[str, Comparison]:
    columns = {*COLUMNS[kind], *(CUSTOM_PREFIX + attribute.name for attribute in custom)}
    return {c.name: c for c in comparisons(kind, frozenset(columns), custom)}


def answer(comparison: Comparison, one: dict[str, str], other: dict[str, str]) -> str | None:
    """The label of the level two records are at; None where the comparison cannot say."""
    conditions = (comparison.null_condition, *(level.condition for level in comparison.levels))
    asked = {column for sql in conditions if sql != "ELSE" for column in columns_of(sql)}
    values = {f"{column}_l": one.get(column) for column in asked}
    values |= {f"{column}_r": other.get(column) for column in asked}
    cases = [f"WHEN {comparison.null_condition} THEN NULL"]
    cases += [
        f"WHEN {level.condition} THEN '{level.label.replace(chr(39), chr(39) * 2)}'"
        for level in comparison.levels[:-1]
    ]
    row = ", ".join(f"CAST(${name} AS VARCHAR) AS {name}" for name in sorted(values))
    connection = connect(memory_limit_mb=64, threads=1)
    last = comparison.levels[-1].label
    sql = f"SELECT CASE {' '.join(cases)} ELSE '{last}' END FROM (SELECT {row})"
    (found,) = connection.execute(sql, values).fetchall()
    return found[0] if found[0] is None else str(found[0])


JOHN = {
    "given": "john",
    "given_root": "john",
    "given_sound": "j500",
    "family": "smith",
    "family_sound": "s530",
}
MARY = {
    "given": "mary",
    "given_root": "mary",
    "given_sound": "m600",
    "family": "smith",
    "family_sound": "s530",
}
HOME = {"line": "12 n main st", "house": "12", "street": "n main st"}


@pytest.mark.parametrize(
    ("name", "one", "other", "expected"),
    [
        ("given", JOHN, JOHN, "same"),
        ("given", JOHN, {"given": "smith", "family": "john"}, "swapped with family name"),
        ("given", {"given": "bill", "given_root": "william"}, {"given": "willy", "given_root": "william"}, "nickname of one name"),
        ("given", JOHN, {"given": "j"}, "initial only"),
        ("given", JOHN, {"given": "jonh"}, "one typo"),
        ("given", JOHN, {"given": "zed", "middle": "john"}, "the other's middle name"),
        ("given", JOHN, MARY, "different"),
        ("given", JOHN, {}, None),
        ("middle", {"middle": "a"}, {"middle": "anne"}, "same initial"),
        ("middle", {"middle": "a"}, {"middle": "a"}, "same initial"),
        ("suffix", {"suffix": "jr"}, {"suffix": "sr"}, "different"),
        ("suffix", {"suffix": "jr"}, {}, None),
        ("birth", {"birth": "1980-03-12"}, {"birth": "1980-12-03"}, "day and month swapped"),
        ("birth", {"birth": "1980-03-12"}, {"birth": "1980-03-21"}, "one digit or two neighbours swapped"),
        ("birth", {"birth": "1980-03-12"}, {"birth": "1980-03-30"}, "same year and month"),
        ("birth", {"birth": "1980-03-12"}, {"birth": "1955-11-27"}, "different"),
        ("national_id", {"national_id": "531426789"}, {"national_id": "531426798"}, "one digit or two neighbours swapped"),
        ("national_id", {"national_id": "531426789", "id_last4": "6789"}, {"national_id": "222336789", "id_last4": "6789"}, "same last four"),
        ("household", JOHN | HOME, MARY | HOME, "surname, address"),
        ("household", JOHN | HOME, JOHN | {"line": "9 pine st", "house": "9", "street": "pine st"}, "surname, other address"),
        ("household", JOHN, JOHN | HOME, "surname, no address"),
        ("household", JOHN | {"family_other": "jones"}, {"family": "jones", "family_sound": "j520"}, "surname, no address"),
        ("household", JOHN | HOME, {"family": "jones", "family_sound": "j520"} | HOME, "other surname, address"),
        ("household", JOHN | HOME, JOHN | {"line": "12 n maine st", "house": "12", "street": "n maine st"}, "surname, address close"),
        ("household", JOHN, {"family": "garcia", "family_sound": "g620"}, "other surname, no address"),
        ("household", HOME, HOME, "no surname, address"),
        ("place", HOME | {"city": "seattle"}, HOME | {"city": "seattle"}, None),
        ("place", {"city": "seattle"}, {"city": "seatle"}, "one typo"),
        ("other_id", {"other_scheme": "permit", "other_id": "1"}, {"other_scheme": "licence", "other_id": "2"}, None),
    ],
)  # fmt: skip
def test_two_people_are_answered(
    name: str, one: dict[str, str], other: dict[str, str], expected: str | None
) -> None:
    assert answer(everything(PERSON)[name], one, other) == expected


@pytest.mark.parametrize("column", ["national_id", "phone", "email"])
def test_a_number_shared_under_two_first_names_is_no_plain_agreement(column: str) -> None:
    """A lent number, a couple's telephone: the household once more, not the person."""
    shared = {column: "x@y.org"}
    asked = everything(PERSON)[column]
    assert answer(asked, JOHN | shared, MARY | shared) == "same, other first name"
    assert answer(asked, JOHN | shared, JOHN | shared) == "same"
    assert answer(asked, JOHN | shared, shared) == "same"


def test_twins_are_a_level_of_their_own() -> None:
    born = {"birth": "1980-03-12"}
    asked = everything(PERSON)["birth"]
    assert answer(asked, JOHN | born, MARY | born) == "same, other first name in one family"
    assert answer(asked, JOHN | born, MARY | born | {"family": "garcia"}) == "same"


def test_a_telephone_at_one_address_repeats_the_household() -> None:
    shared = {"phone": "+12065550123"} | HOME
    assert answer(everything(PERSON)["phone"], JOHN | shared, JOHN | shared) == "same, same address"


def test_an_organization_is_recognised_by_another_s_trading_name() -> None:
    asked = everything(ORGANIZATION)["name"]
    one, other = {"name": "harbor boats"}, {"name": "jm holdings", "trading_name": "harbor boats"}
    assert answer(asked, one, other) == "a trading name"


@pytest.mark.parametrize("kind", ConstituentKind)
def test_every_condition_is_portable_and_asks_for_columns_there_are(kind: ConstituentKind) -> None:
    known = {*COLUMNS[kind], *(CUSTOM_PREFIX + attribute.name for attribute in CUSTOM)}
    asked = everything(kind, CUSTOM)
    assert len(asked) >= 11
    for comparison in asked.values():
        for sql in (
            comparison.null_condition,
            *(level.condition for level in comparison.levels[:-1]),
        ):
            assert columns_of(sql) <= known
        assert comparison.levels[-1].condition == "ELSE"
        assert {*comparison.needs, *comparison.needs_one_of} <= known


@pytest.mark.parametrize("kind", ConstituentKind)
def test_priors_are_shares_and_favour_agreement(kind: ConstituentKind) -> None:
    for comparison in everything(kind, CUSTOM).values():
        for level in comparison.levels:
            assert 0 < level.m_prior < 1
            assert 0 < level.u_prior <= 1
        weights = [level.m_prior / level.u_prior for level in comparison.levels]
        assert weights[-1] < 1 < max(weights[:-1])
        learned = [level for level in comparison.levels if level.held is Held.NOT]
        assert sum(level.u_prior for level in learned) < 2.1


def test_a_column_that_is_empty_adds_no_question_and_no_level() -> None:
    asked = {c.name: c for c in comparisons(PERSON, frozenset({"given", "family", "birth"}))}
    assert list(asked) == ["given", "household", "birth"]
    assert not any(
        "address" in level.label.replace("no address", "") for level in asked["household"].levels
    )
    assert "the other's middle name" not in [level.label for level in asked["given"].levels]


def test_a_custom_attribute_is_asked_as_it_declares() -> None:
    asked = everything(PERSON, (BORN_IN,))["custom_born_in"]
    assert answer(asked, {"custom_born_in": "oslo"}, {"custom_born_in": "oslo"}) == "same"
    assert answer(asked, {"custom_born_in": "bergen"}, {"custom_born_in": "bergn"}) == "one typo"
    assert answer(asked, {"custom_born_in": "oslo"}, {}) is None


def test_an_attribute_whose_name_is_no_column_name_is_refused() -> None:
    wrong = CustomAttribute('born"; drop table x; --', CustomComparison.EXACT)
    with pytest.raises(ValueError, match="custom attribute"):
        comparisons(PERSON, frozenset(COLUMNS[PERSON]), (wrong,))


@pytest.mark.parametrize(
    "condition",
    [
        "jaro_winkler_similarity(given_l, given_r) > 0.9",
        "given_l = (SELECT 1)",
        "given = given_r",
        "t.given_l = given_r",
        "given_l = given_r; DROP TABLE rows",
        "read_text('/etc/passwd') = given_r",
        "given_l ~ given_r",
        "not sql (",
    ],
)
def test_sql_that_engines_disagree_on_is_refused(condition: str) -> None:
    with pytest.raises(UnportableCondition):
        columns_of(condition)
