"""Records of one constituent meet under some key, and no key is a single common value."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.records import ConstituentKind
from matching.blocking import RULES, is_poor, keys
from matching.features import COLUMNS, Features
from tests.matching.registers import people, register

PERSON, ORGANIZATION = ConstituentKind.PERSON, ConstituentKind.ORGANIZATION

MARIA = {
    "given": "maria",
    "given_root": "mary",
    "given_sound": "m600",
    "family": "okafor",
    "family_sound": "o216",
    "birth": "1980-03-12",
    "national_id": "123456789",
    "id_last4": "6789",
    "phone": "+12065550123",
    "email": "maria.okafor@example.org",
    "email_local": "maria.okafor",
    "line": "12 n main st",
    "house": "12",
    "street": "n main st",
    "post_code": "98101",
    "city": "seattle",
}


def features(values: Mapping[str, str], kind: ConstituentKind = PERSON) -> Features:
    return Features(tuple(values.get(column) for column in COLUMNS[kind]))


def shared(one: Features, other: Features, kind: ConstituentKind = PERSON) -> set[int]:
    return {key.rule for key in set(keys(kind, one)) & set(keys(kind, other))}


def without(*columns: str, **changed: str) -> Features:
    return features({k: v for k, v in (MARIA | changed).items() if k not in columns})


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        pytest.param(
            without("national_id", "id_last4", "line"), 3, id="same birth date and initial"
        ),
        pytest.param(
            without("national_id", "id_last4", birth="1980-12-03"), 4, id="day and month swapped"
        ),
        pytest.param(
            without(
                given="okafor",
                given_sound="o216",
                family="maria",
                family_sound="m600",
                given_root="okafor",
            ),
            9,
            id="names in each other's field",
        ),
        pytest.param(without("birth", "phone", "email", family="okafar"), 1, id="same number"),
        pytest.param(without("birth", "national_id", "id_last4", "line"), 7, id="same e-mail"),
        pytest.param(without("birth", "national_id", "email", "line"), 8, id="same telephone"),
        pytest.param(without("birth", "phone", "email", "national_id"), 6, id="same address"),
        pytest.param(
            without("line", "phone", "email", family="okafer"), 12, id="post code and birth"
        ),
    ],
)
def test_two_records_of_one_person_meet_when(other: Features, rule: int) -> None:
    assert rule in shared(features(MARIA), other)


def test_strangers_of_one_town_do_not_meet() -> None:
    stranger = {
        "given": "john",
        "given_root": "john",
        "given_sound": "j500",
        "family": "smith",
        "family_sound": "s530",
        "birth": "1951-07-30",
        "line": "9 pine st",
        "street": "pine st",
        "house": "9",
        "post_code": "98101",
        "city": "seattle",
    }
    assert shared(features(MARIA), features(stranger)) == set()


@given(st.dictionaries(st.sampled_from(sorted(MARIA)), st.sampled_from(sorted(MARIA.values()))))
def test_no_name_date_or_place_is_a_key_by_itself(values: dict[str, str]) -> None:
    """Only what was issued to, or chosen by, one constituent may stand alone."""
    alone = {1, 7, 8, 23}
    for key in keys(PERSON, features(values)):
        assert key.value
        if key.rule not in alone:
            assert "|" in key.value


def test_every_key_has_a_registered_rule_and_comes_once() -> None:
    custom = Features(
        features({"given": "ann", "given_sound": "a500", "birth": "1990-01-02"}).values,
        {"born_in": "oslo"},
    )
    for offered in (keys(PERSON, features(MARIA)), keys(PERSON, custom)):
        assert {key.rule for key in offered} <= RULES.keys()
        assert len(offered) == len(set(offered))
    assert {40, 41} <= {key.rule for key in keys(PERSON, custom)}


def test_rule_numbers_stay_with_their_rules() -> None:
    """A number is stored with every tag; changing what it means would need all tags made anew."""
    assert [(rule.number, rule.tier) for rule in RULES.values()] == [
        *((number, 1) for number in range(1, 14)),
        *((number, 2) for number in (20, 21, 22, 23, 30, 31, 32, 33, 34, 35, 36, 37, 40, 41)),
        *((number, 1) for number in range(101, 109)),
        *((number, 2) for number in (109, 110, 111)),
    ]


def test_a_record_is_poor_with_fewer_than_three_strong_attributes() -> None:
    assert is_poor(PERSON, without("national_id", "phone", "email"))
    assert not is_poor(PERSON, without("national_id", "phone"))
    assert is_poor(
        ORGANIZATION, features({"name": "harbor boats", "phone": "+12065550123"}, ORGANIZATION)
    )


def test_only_sparse_records_offer_the_many_small_keys() -> None:
    rich = {key.rule for key in keys(PERSON, features(MARIA))}
    sparse = {key.rule for key in keys(PERSON, without("national_id", "id_last4", "phone", "line"))}
    assert not rich & set(range(30, 42))
    assert {30, 31, 32, 33, 34, 35, 36, 37} <= sparse


def test_a_rich_record_offers_a_storable_number_of_keys() -> None:
    assert len(keys(PERSON, features(MARIA))) <= 18


def test_an_organization_meets_itself_under_its_trading_name() -> None:
    one = features(
        {"name": "harbor boats", "trading_name": "puget kayaks", "post_code": "98101"}, ORGANIZATION
    )
    other = features({"name": "puget kayaks", "post_code": "98101"}, ORGANIZATION)
    assert 103 in shared(one, other, ORGANIZATION)


def test_nearly_all_true_pairs_of_a_damaged_register_share_a_key() -> None:
    seen = register(people(200))
    found = {
        (left, right)
        for left, right in zip(
            *(seen.pairs()[side].to_pylist() for side in ("left", "right")), strict=True
        )
        if seen.whose[left] == seen.whose[right]
    }
    assert len(found) >= 0.98 * 200 * 3


@given(st.sets(st.sampled_from(sorted(MARIA))))
def test_a_record_with_fewer_values_offers_no_key_that_a_fuller_one_lacks(
    columns: set[str],
) -> None:
    """Only sparse records' own rules apart: a gap hides keys, it makes none up."""
    full = set(keys(PERSON, features(MARIA)))
    fewer = keys(PERSON, features({column: MARIA[column] for column in columns}))
    assert {key for key in fewer if key.rule < 30} <= full
