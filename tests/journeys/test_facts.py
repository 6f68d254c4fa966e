"""Which facts count for whom after merges and splits, and what is read when a key is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from consent.decision import Facts
from consent.policy import Policy
from consent.vocabulary import ConsentState, DataCategory, RepresentationKind, RestrictionKind
from hub.domain.errors import SealBroken
from hub.domain.records import ConstituentKind
from hub.journeys.consents import Answer, record_consent, withdraw_consent
from hub.journeys.consents_said import list_consents
from hub.journeys.context import Hub
from hub.journeys.facts import gather
from hub.journeys.feed import read_feed
from hub.journeys.profile import resolve
from hub.journeys.representations import add_representation, list_representations
from hub.journeys.restrictions import lift, list_restrictions, restrict
from hub.store import database, subjects
from hub.vault.tags import Pseudonyms
from tests.journeys.counters import ON_CONSENT, policy_of, state
from tests.journeys.offices import ALL, BY, HOW, WAIVER, hours_apart
from tests.journeys.partitions import SOURCE, Partitions

C = DataCategory
YES = Answer(WAIVER, ALL)
NO = Answer(WAIVER, refused=ALL)


@dataclass
class Register:
    """Organizations of drawn records, so that nobody's age is asked; `older` and `younger` are two of them."""

    world: Partitions
    older: int = 0
    younger: int = 0

    def __post_init__(self) -> None:
        self.hub = self.world.hub
        self.older, self.younger = self.world.records(2)
        self.apart()

    def apart(self) -> None:
        self.becomes([self.older], [self.younger])

    def merged(self) -> None:
        self.becomes([self.older, self.younger])

    def becomes(self, *clusters: list[int]) -> None:
        self.world.change(clusters, ConstituentKind.ORGANIZATION)

    def restrict(self, record: int) -> str:
        said = restrict(
            self.hub, key(record), RestrictionKind.DISPUTED, authority="a ruling", author=BY
        )
        return said.facts[0]

    def answer(self, record: int, answer: Answer) -> None:
        record_consent(self.hub, key(record), answer, HOW, author=BY)

    def facts(self, record: int) -> Facts:
        with database.transaction(self.hub.engine) as connection:
            number, _ = resolve(self.hub, connection, key(record))
            ids = subjects.ids_of(connection, number)
            return gather(self.hub, connection, ids, Policy(), frozenset()).facts

    def restrictions(self, record: int) -> set[str]:
        return {one.id for one in self.facts(record).restrictions}

    def said(self, record: int) -> list[ConsentState]:
        return [one.state for one in self.facts(record).consents]


def key(record: int) -> str:
    return f"{SOURCE}:{record}"


@pytest.fixture
def register(hub: Hub) -> Register:
    state(hub, policy_of(ON_CONSENT))
    return Register(Partitions(hours_apart(hub), count(1)))


# --- restrictions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["older", "younger"])
def test_a_restriction_on_one_counts_for_both_while_they_are_merged(
    register: Register, of: str
) -> None:
    restriction = register.restrict(getattr(register, of))
    register.merged()
    assert register.restrictions(register.older) == {restriction}
    assert register.restrictions(register.younger) == {restriction}


def test_after_an_unmerge_it_counts_for_whom_it_was_said_of(register: Register) -> None:
    restriction = register.restrict(register.younger)
    register.merged()
    register.apart()
    assert register.restrictions(register.younger) == {restriction}
    assert register.restrictions(register.older) == set()


def test_one_said_of_the_id_that_answered_for_both_stays_with_both(register: Register) -> None:
    """It was there before the other's record came; on the safe side that record takes it along."""
    restriction = register.restrict(register.older)
    register.merged()
    register.apart()
    assert register.restrictions(register.older) == {restriction}
    assert register.restrictions(register.younger) == {restriction}


@pytest.mark.parametrize("of", ["older", "younger"])
def test_one_said_while_they_were_merged_counts_for_both_for_good(
    register: Register, of: str
) -> None:
    register.merged()
    restriction = register.restrict(getattr(register, of))
    register.apart()
    assert register.restrictions(register.older) == {restriction}
    assert register.restrictions(register.younger) == {restriction}
    lift(register.hub, key(register.older), restriction, author=BY)
    assert register.restrictions(register.younger) == set()


def test_one_said_after_they_parted_counts_for_one_alone(register: Register) -> None:
    register.merged()
    register.apart()
    restriction = register.restrict(register.older)
    assert register.restrictions(register.older) == {restriction}
    assert register.restrictions(register.younger) == set()


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, list[int]]]:
    """Steps: a whole new partition of five records, or a restriction put on the constituent of one."""
    places = st.lists(st.integers(0, 3), min_size=5, max_size=5)
    step = st.one_of(
        st.tuples(st.just("become"), places),
        st.tuples(st.just("restrict"), st.lists(st.integers(0, 4), min_size=1, max_size=1)),
    )
    return draw(st.lists(step, min_size=1, max_size=10))


@pytest.fixture
def numbers() -> Iterator[int]:
    return count(1)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=histories())
def test_however_constituents_merge_and_split_no_record_sheds_a_restriction_it_was_under(
    hub: Hub, drawn: list[tuple[str, list[int]]], numbers: Iterator[int]
) -> None:
    register = Register(Partitions(hours_apart(hub), numbers))
    records = [register.older, register.younger, *register.world.records(3)]
    register.becomes(*[[record] for record in records])
    together: dict[int, set[int]] = {record: {record} for record in records}
    said: dict[str, set[int]] = {}
    cluster_of = {record: {record} for record in records}
    for what, drawn_places in drawn:
        if what == "become":
            groups: dict[int, list[int]] = {}
            for record, place in zip(records, drawn_places, strict=True):
                groups.setdefault(place, []).append(record)
            register.becomes(*groups.values())
            cluster_of = {record: set(group) for group in groups.values() for record in group}
            for record, group in cluster_of.items():
                together[record] |= group
        else:
            record = records[drawn_places[0]]
            said[register.restrict(record)] = set(cluster_of[record])
    for record in records:
        counting = register.restrictions(record)
        assert {id_ for id_, under in said.items() if record in under} <= counting
        assert counting <= {
            id_ for id_, under in said.items() if under & reachable(together, record)
        }


def reachable(together: dict[int, set[int]], record: int) -> set[int]:
    """Every record it was ever with, or with one of those."""
    found, waiting = {record}, [record]
    while waiting:
        new = together[waiting.pop()] - found
        found |= new
        waiting += new
    return found


# --- consent ---------------------------------------------------------------------------------------


def test_consent_given_while_merged_stays_with_the_id_that_answered(register: Register) -> None:
    register.merged()
    register.answer(register.younger, YES)
    register.apart()
    assert register.said(register.older) == [ConsentState.GIVEN]
    assert register.said(register.younger) == []


def test_a_refusal_said_while_merged_goes_with_both(register: Register) -> None:
    register.answer(register.younger, YES)
    register.merged()
    register.answer(register.younger, NO)
    register.apart()
    assert register.said(register.older) == [ConsentState.REFUSED]
    assert register.said(register.younger) == [ConsentState.GIVEN, ConsentState.REFUSED]


def test_a_refusal_that_a_later_yes_replaced_does_not_go_along(register: Register) -> None:
    register.merged()
    register.answer(register.younger, NO)
    register.answer(register.younger, YES)
    register.apart()
    assert register.said(register.younger) == []


def test_of_a_refusal_given_again_in_part_the_rest_goes_along(register: Register) -> None:
    register.merged()
    register.answer(register.younger, NO)
    register.answer(register.younger, Answer(WAIVER, frozenset({C.EXISTENCE})))
    register.apart()
    [left] = register.facts(register.younger).consents
    assert (left.state, left.categories) == (ConsentState.REFUSED, frozenset({C.HOLDING}))


def test_either_ids_withdrawal_counts_after_a_merge(register: Register) -> None:
    register.answer(register.older, YES)
    register.answer(register.younger, YES)
    withdraw_consent(register.hub, key(register.younger), WAIVER.id, HOW, author=BY)
    register.merged()
    assert sorted(register.said(register.older)) == ["given", "given", "withdrawn"]


def test_a_yes_that_another_id_overrules_says_so(register: Register) -> None:
    register.answer(register.younger, NO)
    register.merged()
    given = record_consent(register.hub, key(register.older), YES, HOW, author=BY)
    assert (given.facts, given.overruled_by) == (("c2",), ("c1",))
    register.apart()
    given = record_consent(register.hub, key(register.younger), YES, HOW, author=BY)
    assert given.overruled_by == ()


def test_the_feed_names_the_id_that_answers_for_her_now(register: Register) -> None:
    restriction = register.restrict(register.younger)
    register.merged()
    lift(register.hub, key(register.younger), restriction, author=BY)
    [_, told] = read_feed(register.hub, "tests")
    assert told.constituent == register.world.public_of(register.older)


def test_after_an_unmerge_nobody_is_listed_what_was_said_of_the_other(register: Register) -> None:
    register.answer(register.older, YES)
    represents(register, register.older)
    register.merged()
    register.answer(register.older, NO)
    register.answer(register.older, Answer(WAIVER, ALL, is_renewal=True))
    register.apart()
    register.answer(register.older, NO)
    register.restrict(register.older)
    younger = key(register.younger)
    [left] = list_consents(register.hub, younger)
    assert (left.id, left.state, left.is_former) == ("c2", ConsentState.REFUSED, True)
    assert list_representations(register.hub, younger) == []
    assert list_restrictions(register.hub, younger) == []
    assert len(list_consents(register.hub, key(register.older))) == 4


def represents(register: Register, record: int) -> None:
    add_representation(
        register.hub,
        key(record),
        representative="Signe Brandt",
        kind=RepresentationKind.DELEGATE,
        ends_on=ON_CONSENT.ends_on,
        evidence="sha256:deed",
        author=BY,
        starts_on=ON_CONSENT.starts_on,
    )


def test_a_change_raises_the_epoch_of_the_id_it_is_said_of_and_of_no_other(
    register: Register,
) -> None:
    register.answer(register.older, YES)
    assert register.facts(register.older).subject_epoch == 1
    assert register.facts(register.younger).subject_epoch == 0
    restriction = register.restrict(register.older)
    lift(register.hub, key(register.older), restriction, author=BY)
    assert register.facts(register.older).subject_epoch == 3


# --- keys ------------------------------------------------------------------------------------------


def destroy_key(register: Register, record: int, *, is_erasure: bool) -> None:
    with database.transaction(register.hub.engine) as connection:
        number, _ = resolve(register.hub, connection, key(record))
        subject = {"subject": Pseudonyms(register.hub.keys).subject(number)}
        connection.execute(text("DELETE FROM subject_keys WHERE subject_hash = :subject"), subject)
        if is_erasure:
            connection.execute(
                text("UPDATE subjects SET erased_at = now() WHERE subject_hash = :subject"),
                subject,
            )


def test_facts_that_were_erased_are_passed_over(register: Register) -> None:
    register.answer(register.older, YES)
    register.restrict(register.older)
    destroy_key(register, register.older, is_erasure=True)
    assert register.restrictions(register.older) == set()
    assert list_restrictions(register.hub, key(register.older)) == []
    assert list_representations(register.hub, key(register.older)) == []
    [left] = list_consents(register.hub, key(register.older))
    assert (left.notice, left.evidence, left.author) == ("erased", "erased", "erased")


def test_a_key_that_nothing_erased_is_missed_aloud(register: Register) -> None:
    register.restrict(register.older)
    destroy_key(register, register.older, is_erasure=False)
    with pytest.raises(SealBroken, match="nothing erased it"):
        register.restrictions(register.older)
    register.merged()
    with pytest.raises(SealBroken):
        register.restrictions(register.younger)


def test_a_fact_moved_to_another_subject_or_number_does_not_open(register: Register) -> None:
    register.restrict(register.older)
    register.restrict(register.younger)
    with database.transaction(register.hub.engine) as connection:
        rows = connection.execute(text("SELECT subject_hash, sealed FROM restrictions ORDER BY id"))
        older, younger = rows.all()
        connection.execute(
            text(
                "INSERT INTO restrictions (subject_hash, epoch, sealed, recorded_at) "
                "VALUES (:one, 1, :other, now()), (:other_one, 1, :own, now())"
            ),
            {
                "one": older.subject_hash,
                "other": younger.sealed,
                "other_one": younger.subject_hash,
                "own": younger.sealed,
            },
        )
    for record in (register.older, register.younger):
        with pytest.raises(SealBroken):
            register.restrictions(record)


def test_the_kind_of_a_restriction_does_not_show_in_its_length(register: Register) -> None:
    for kind in RestrictionKind:
        if kind is not RestrictionKind.OBJECTION_TO_LINKAGE:
            restriction = restrict(
                register.hub, key(register.older), kind, authority="a ruling", author=BY
            ).facts[0]
            lift(register.hub, key(register.older), restriction, author=BY, approved_by="sten")
    with database.transaction(register.hub.engine) as connection:
        lengths = connection.execute(
            text("SELECT DISTINCT length(sealed), length(sealed_end) FROM restrictions")
        ).all()
    assert len(lengths) == 1
