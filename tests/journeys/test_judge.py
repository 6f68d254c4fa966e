"""What a steward's word does: it holds whatever weights say, it is never contradicted, it can be taken back."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import duckdb
import pytest

from hub.domain.errors import ConstituentUnknown, HubError, RecordUnknown
from hub.domain.judging import JudgementContradicted
from hub.domain.records import ConstituentKind
from hub.domain.reviews import Outcome, ReviewReason
from hub.journeys.acts import (
    ActUnexplained,
    Judged,
    KindsMixed,
    NothingToJudge,
    RecordNotLinked,
    RecordRemoved,
    StaleView,
    TooManyRecords,
    token_of,
)
from hub.journeys.consequences import Merged, Parted
from hub.journeys.context import Hub
from hub.journeys.judge import (
    JudgementUnknown,
    NotOfConstituent,
    judge,
    list_judgements,
    list_of,
    split,
    withdraw,
)
from hub.journeys.link import link_kind
from hub.journeys.load import load_sources
from hub.journeys.objection import (
    ObjectionUnknown,
    list_objections,
    object_to_linkage,
    withdraw_objection,
)
from hub.journeys.resolve import resolve_pending
from hub.journeys.review import decide
from hub.journeys.review_queue import list_reviews
from hub.store import database, judgements
from tests.hub.test_judging import is_consistent
from tests.journeys.live import PERSON, assert_as_batch, assert_identities_hold, batch_engine
from tests.journeys.stewards import BIRK, DIFFERENT, MARIA, NOOR, SAME, WHO, Desk, Who
from tests.worlds import DRIVERS_HEADER, DRIVERS_YAML, open_written

A, B, C, D = "cards:1", "shops:1", "camps:1", "boats:1"


@pytest.fixture
def desk(modelled_hub: Hub) -> Desk:
    return Desk(modelled_hub)


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with batch_engine() as made:
        yield made


def strangers(desk: Desk) -> None:
    """Three people nobody would take for one."""
    for key, row in ((A, MARIA), (B, BIRK), (C, NOOR)):
        desk.push(key, row)


def unchanged(desk: Desk, act: Callable[[], object], error: type[HubError], words: str) -> None:
    before = desk.dump()
    with pytest.raises(error, match=words) as caught:
        act()
    assert not [
        row for row in (MARIA, BIRK) for value in row.values() if value in str(caught.value)
    ]
    assert desk.dump() == before


# --- merge and unmerge -----------------------------------------------------------------------------


def test_two_judged_the_same_are_one_and_the_older_id_answers(desk: Desk) -> None:
    strangers(desk)
    one, other = desk.id_of(A), desk.id_of(B)
    done = desk.same(A, B)
    assert desk.together(A, B)
    assert (desk.id_of(A), desk.id_of(str(other))) == (one, one)
    assert done.effects.merged == (Merged(other, one),)
    assert done.effects.records_moved == {"shops": 1}
    assert (len(done.judgements), done.repeated, done.issued) == (1, (), ())


def test_withdrawing_the_judgement_gives_both_ids_back(desk: Desk) -> None:
    strangers(desk)
    one, other = desk.id_of(A), desk.id_of(B)
    act = desk.same(str(one), str(other))
    undone = withdraw(desk.hub, str(act.judgements[0]), author="tomas")
    assert (desk.id_of(A), desk.id_of(B)) == (one, other)
    assert undone.effects.parted == (Parted(one, (other,), 0),)
    assert (undone.ended, undone.issued) == (act.judgements, ())
    [view] = list_judgements(desk.hub)
    assert (view.withdrawn_by, view.reason, view.sleeps) == ("tomas", WHO["reason"], False)
    unchanged(
        desk, lambda: withdraw(desk.hub, view.act_id, author="x"), JudgementUnknown, "already"
    )


def test_a_merge_of_constituents_takes_all_their_records_along(desk: Desk) -> None:
    # Each pair is one by weight; across, everything differs, so weight would leave the younger behind.
    desk.push(A, MARIA)
    desk.push("cards:2", MARIA)
    desk.push(B, BIRK)
    desk.push("shops:2", BIRK)
    one, other = desk.id_of(A), desk.id_of(B)
    done = desk.same(str(one), str(other))
    assert desk.together(A, "cards:2", B, "shops:2")
    assert len({view.act_id for view in list_judgements(desk.hub)}) == 1
    assert done.act_id is not None
    withdraw(desk.hub, done.act_id, author="ines")
    assert desk.together(A, "cards:2")
    assert (desk.id_of(A), desk.id_of("shops:2")) == (one, other)


def test_a_record_and_a_constituent_can_be_judged(desk: Desk) -> None:
    strangers(desk)
    desk.same(str(desk.id_of(A)), B)
    assert desk.together(A, B)
    unchanged(desk, lambda: desk.different(str(desk.id_of(A)), A), NothingToJudge, "one record")


# --- hold apart ------------------------------------------------------------------------------------


def test_a_newcomer_that_matches_both_of_two_held_apart_joins_one_and_is_asked_about(
    desk: Desk, engine: duckdb.DuckDBPyConnection
) -> None:
    for key in (A, B):
        desk.push(key, MARIA)
    assert desk.together(A, B)
    done = desk.different(A, B)
    assert not desk.together(A, B)
    assert (done.effects.parted[0].new, len(done.issued)) == (1, 1)

    desk.push(C, MARIA)
    assert not desk.together(A, B)
    assert desk.together(A, C) != desk.together(B, C)
    [question] = desk.reviews(ReviewReason.AMBIGUOUS)
    assert question.right is not None
    assert C in (str(question.left), str(question.right))
    assert_as_batch(desk.hub, engine)


def test_a_split_holds_each_of_some_from_each_of_the_rest(
    desk: Desk, engine: duckdb.DuckDBPyConnection
) -> None:
    for key in (A, B, C, D):
        desk.push(key, MARIA)
    whole = desk.id_of(A)
    done = desk.split(str(whole), C, D, C)
    assert desk.together(A, B)
    assert desk.together(C, D)
    assert not desk.together(A, C)
    assert desk.id_of(A) == whole
    assert len(done.judgements) == 4
    assert {view.act_id for view in list_judgements(desk.hub)} == {done.act_id}
    assert done.effects.records_moved == {"boats": 1, "camps": 1}
    assert_as_batch(desk.hub, engine)
    assert done.act_id is not None
    withdraw(desk.hub, done.act_id, author="ines")
    assert desk.id_of(D) == whole
    assert_as_batch(desk.hub, engine)
    assert_identities_hold(desk.hub)


def test_what_cannot_be_split_off_is_told(desk: Desk) -> None:
    desk.push(A, MARIA)
    desk.push(B, MARIA)
    desk.push(C, BIRK)
    unchanged(desk, lambda: desk.split(A, C), NotOfConstituent, "record 3 of source camps")
    unchanged(desk, lambda: desk.split(A, A, B), NothingToJudge, "not all of them")
    unchanged(desk, lambda: desk.split(A), NothingToJudge, "not all")
    unchanged(desk, lambda: desk.split(A, str(desk.id_of(A))), NotOfConstituent, "by its records")


def test_an_act_of_too_many_records_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in (A, B, C):
        desk.push(key, MARIA)
    monkeypatch.setattr("hub.journeys.acts.RECORDS_MAX", 2)
    unchanged(desk, lambda: desk.split(A, C), TooManyRecords, "3 records are concerned")


# --- contradictions --------------------------------------------------------------------------------


def test_same_through_a_chain_to_two_held_apart_is_refused(desk: Desk) -> None:
    strangers(desk)
    first, second = desk.different(A, C), desk.same(A, B)
    before = desk.dump()
    with pytest.raises(JudgementContradicted) as caught:
        desk.same(B, C)
    assert set(caught.value.judgements) == {*first.judgements, *second.judgements}
    assert desk.dump() == before


def test_different_within_a_chain_is_refused(desk: Desk) -> None:
    strangers(desk)
    numbers = (*desk.same(A, B).judgements, *desk.same(B, C).judgements)
    before = desk.dump()
    with pytest.raises(JudgementContradicted) as caught:
        desk.different(C, A)
    assert set(caught.value.judgements) == set(numbers)
    assert desk.dump() == before


def test_a_split_may_not_cut_a_chain(desk: Desk) -> None:
    strangers(desk)
    desk.same(A, B)
    unchanged(desk, lambda: desk.split(A, B), JudgementContradicted, "withdraw it")


def test_a_judgement_said_again_changes_nothing_and_its_opposite_is_refused(desk: Desk) -> None:
    strangers(desk)
    made = desk.same(A, B)
    before = desk.dump()
    again = desk.same(B, A)
    assert (again.repeated, again.judgements, again.act_id) == (made.judgements, (), None)
    assert desk.dump() == before
    unchanged(desk, lambda: desk.different(A, B), JudgementContradicted, "withdraw it")


def test_a_merge_may_not_join_what_is_held_apart(desk: Desk) -> None:
    desk.push(A, MARIA)
    desk.push("cards:2", MARIA)
    desk.push(B, BIRK)
    desk.different("cards:2", B)
    one, other = str(desk.id_of(A)), str(desk.id_of(B))
    unchanged(desk, lambda: desk.same(one, other), JudgementContradicted, "calls different|says")


def test_judgements_that_sleep_are_not_contradicted_either(desk: Desk) -> None:
    strangers(desk)
    desk.same(A, B)
    desk.different(B, C)
    desk.remove(B)
    unchanged(desk, lambda: desk.same(A, C), JudgementContradicted, "calls different")


def test_of_two_judgements_made_at_once_that_contradict_by_a_chain_one_is_refused(
    desk: Desk,
) -> None:
    for number in range(1, 5):
        desk.push(
            f"{'abcd'[number - 1] * 5}:{number}",
            (MARIA, BIRK, NOOR, MARIA)[number - 1],
            given=f"Given{number}",
            ssn=f"31{number}-44-2107",
        )
    a, b, c, d = (f"{letter * 5}:{n}" for n, letter in enumerate("abcd", start=1))
    desk.same(a, b)
    desk.same(c, d)

    def attempt(act: Callable[[], Judged]) -> bool:
        try:
            act()
        except JudgementContradicted:
            return False
        return True

    # No two of these name the same record.
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(attempt, [lambda: desk.same(a, c), lambda: desk.different(b, d)]))
    assert sorted(done) == [False, True]


# --- sleep and wake --------------------------------------------------------------------------------


def test_a_judgement_sleeps_while_its_record_is_removed_and_wakes_when_the_key_returns(
    desk: Desk, engine: duckdb.DuckDBPyConnection
) -> None:
    strangers(desk)
    desk.same(A, B)
    desk.remove(B)
    [view] = list_of(desk.hub, A)
    assert (view.sleeps, view.right.local_id or view.left.local_id) == (True, "1")
    assert list_of(desk.hub, B) == [view]
    desk.push(B, BIRK)
    assert desk.together(A, B)
    assert not list_of(desk.hub, B)[0].sleeps
    assert_as_batch(desk.hub, engine)


def test_a_judgement_that_sleeps_can_be_withdrawn(desk: Desk) -> None:
    strangers(desk)
    done = desk.same(A, B)
    for key in (A, B):
        desk.remove(key)
    assert done.act_id is not None
    assert withdraw(desk.hub, done.act_id, author="ines").ended == done.judgements
    desk.push(A, MARIA)
    desk.push(B, BIRK)
    assert not desk.together(A, B)


# --- refusals --------------------------------------------------------------------------------------


def test_references_that_lead_nowhere_are_told_apart(desk: Desk, tmp_path: Path) -> None:
    strangers(desk)
    desk.remove(C)
    unchanged(desk, lambda: desk.same(A, C), RecordRemoved, "source camps was removed")
    unchanged(desk, lambda: desk.same(A, "cards:9"), RecordUnknown, "no record under that key")
    unchanged(desk, lambda: desk.same(A, "nonsense"), RecordUnknown, "neither")
    unchanged(desk, lambda: desk.same(A, str(uuid4())), ConstituentUnknown, "ever issued")
    loaded(desk.hub, tmp_path, "D1,Maria,Okafor,1984-03-09,418 Heron Ln,Port Tamarack,69407,,,,")
    unchanged(
        desk, lambda: desk.same(A, "drivers:D1"), RecordNotLinked, "of source drivers is loaded"
    )


@pytest.mark.parametrize(("author", "reason"), [("", "why"), (" ", "why"), ("ines", "  ")])
def test_an_act_says_who_and_why(desk: Desk, author: str, reason: str) -> None:
    strangers(desk)
    said: Who = {"author": author, "reason": reason}
    acts: list[Callable[[], object]] = [
        lambda: judge(desk.hub, SAME, A, B, **said),
        lambda: split(desk.hub, A, [A], **said),
        lambda: object_to_linkage(desk.hub, A, **said),
    ]
    if not author.strip():
        acts += [
            lambda: withdraw(desk.hub, 1, author=author),
            lambda: withdraw_objection(desk.hub, A, author=author),
        ]
    for act in acts:
        unchanged(desk, act, ActUnexplained, "must be said")


def test_persons_and_organizations_are_never_judged_together(desk: Desk, tmp_path: Path) -> None:
    strangers(desk)
    yaml = DRIVERS_YAML.replace("kind: person", "kind: organization").replace(
        "id: drivers", "id: firms"
    )
    a, b = yaml.index("  given_name"), yaml.index("  addresses")
    yaml = f"{yaml[:a]}  legal_name: last_name\n{yaml[b:]}"
    loaded(desk.hub, tmp_path, "F1,,Heron Ltd,,418 Heron Ln,Port Tamarack,69407,,,,", yaml)
    link_kind(desk.hub, ConstituentKind.ORGANIZATION)
    unchanged(desk, lambda: desk.same(A, "firms:F1"), KindsMixed, "never one constituent")


def loaded(hub: Hub, folder: Path, row: str, yaml: str = DRIVERS_YAML) -> None:
    (folder / "drivers.csv").write_text(f"{DRIVERS_HEADER}\n{row}\n", "utf-8")
    load_sources(hub, [open_written(folder, yaml)], is_accepting_removals=True)


def test_a_view_that_is_stale_is_refused(desk: Desk) -> None:
    strangers(desk)
    seen = token_of(desk.hub, [A, B])
    assert token_of(desk.hub, [str(desk.id_of(B)), A]) == seen
    desk.push("cards:2", MARIA)
    unchanged(desk, lambda: desk.same(A, B, seen=seen), StaleView, "look again")
    seen = token_of(desk.hub, [A, B])
    desk.push(A, MARIA, email="other@example.org")
    unchanged(desk, lambda: desk.same(A, B, seen=seen), StaleView, "look again")
    desk.same(A, B, seen=token_of(desk.hub, [A, B]))


# --- preview ---------------------------------------------------------------------------------------


def test_a_preview_tells_what_is_done_and_changes_nothing(desk: Desk) -> None:
    for key in (A, B, C):
        desk.push(key, MARIA)
    desk.push(D, BIRK)
    hub = desk.hub

    def previewed_and_done(act: Callable[[bool], Judged]) -> Judged:
        before = desk.dump()
        preview = act(True)
        assert desk.dump() == before
        done = act(False)
        assert preview == done.as_preview()
        assert desk.dump() != before
        return done

    merged = previewed_and_done(
        lambda is_preview: judge(hub, SAME, A, D, is_preview=is_preview, **WHO)
    )
    previewed_and_done(
        lambda is_preview: withdraw(hub, merged.judgements[0], author="ines", is_preview=is_preview)
    )
    parted = previewed_and_done(lambda is_preview: split(hub, A, [B], is_preview=is_preview, **WHO))
    assert parted.issued
    previewed_and_done(lambda is_preview: judge(hub, DIFFERENT, A, D, is_preview=is_preview, **WHO))
    previewed_and_done(lambda is_preview: object_to_linkage(hub, C, is_preview=is_preview, **WHO))
    previewed_and_done(
        lambda is_preview: withdraw_objection(hub, C, author="ines", is_preview=is_preview)
    )


# --- objections ------------------------------------------------------------------------------------


def test_an_objection_sets_records_apart_and_its_withdrawal_links_them_again(
    desk: Desk, engine: duckdb.DuckDBPyConnection
) -> None:
    for key in (A, B, C):
        desk.push(key, MARIA)
    whole = desk.id_of(A)
    done = object_to_linkage(desk.hub, str(whole), **WHO)
    assert len({desk.id_of(key) for key in (A, B, C)}) == 3
    assert (done.effects.parted[0].new, done.effects.records_moved) == (2, {"camps": 1, "shops": 1})
    assert_as_batch(desk.hub, engine)
    [view] = list_objections(desk.hub, B)
    assert (str(view.record), view.reason, view.withdrawn_at) == (B, WHO["reason"], None)

    undone = withdraw_objection(desk.hub, str(desk.id_of(B)), author="tomas")
    assert desk.together(A, B, C)
    assert desk.id_of(C) == whole
    assert len(undone.effects.merged) == 2
    assert list_objections(desk.hub, C)[0].withdrawn_by == "tomas"
    assert_as_batch(desk.hub, engine)
    assert_identities_hold(desk.hub)


def test_an_objection_of_one_record_goes_before_judgements(desk: Desk) -> None:
    desk.push(A, MARIA)
    desk.push(B, MARIA)
    desk.same(A, B)
    object_to_linkage(desk.hub, B, **WHO)
    assert not desk.together(A, B)
    before = desk.dump()
    object_to_linkage(desk.hub, B, **WHO)
    assert desk.dump() == before
    withdraw_objection(desk.hub, B, author="ines")
    assert desk.together(A, B)
    for reference in (B, str(desk.id_of(B))):
        unchanged(
            desk,
            lambda reference=reference: withdraw_objection(desk.hub, reference, author="x"),  # type: ignore[misc]
            ObjectionUnknown,
            "no objection",
        )


def test_an_objection_sleeps_with_its_record_and_is_withdrawn_without_it(desk: Desk) -> None:
    desk.push(A, MARIA)
    desk.push(B, MARIA)
    object_to_linkage(desk.hub, B, **WHO)
    desk.remove(B)
    desk.push(B, MARIA)
    assert not desk.together(A, B)
    desk.remove(B)
    withdraw_objection(desk.hub, B, author="ines")
    desk.push(B, MARIA)
    assert desk.together(A, B)


# --- beside loads and batches ----------------------------------------------------------------------


def test_a_record_that_a_load_has_changed_is_judged_as_it_is_now(
    desk: Desk, tmp_path: Path, engine: duckdb.DuckDBPyConnection
) -> None:
    desk.push(A, MARIA)
    desk.push(B, BIRK)
    born = "D1,Noor,Haddad,1999-07-21,90 Quarry Rd,Elmstead,69433,noor@example.org,411-07-3315,,"
    loaded(desk.hub, tmp_path, born)
    assert len(list(resolve_pending(desk.hub, PERSON))) == 1
    loaded(
        desk.hub,
        tmp_path,
        "D1,Birk,Lindqvist,1961-12-30,7 Alder St,Port Tamarack,69411,birk@example.org,318-44-2107,,",
    )
    desk.same("drivers:D1", A)
    assert desk.together("drivers:D1", A)
    assert not list(resolve_pending(desk.hub, PERSON)), "it was resolved with the judgement"
    assert_as_batch(desk.hub, engine)


def test_judgements_hold_in_a_batch(desk: Desk) -> None:
    desk.push(A, MARIA)
    desk.push(B, MARIA)
    desk.push(C, BIRK)
    desk.different(A, B)
    desk.same(B, C)
    ids: dict[str, UUID] = {key: desk.id_of(key) for key in (A, B, C)}
    link_kind(desk.hub, PERSON)
    assert {key: desk.id_of(key) for key in (A, B, C)} == ids


@pytest.mark.parametrize("seed", [1, 2])
def test_acts_of_stewards_at_once_end_as_one_batch_over_what_stands(
    desk: Desk, engine: duckdb.DuckDBPyConnection, seed: int
) -> None:
    keys = [f"{source}:{number}" for source in ("cards", "shops", "camps") for number in range(4)]

    def push(key: str, draw: random.Random) -> None:
        desk.push(key, draw.choice((MARIA, BIRK)), given=draw.choice(("Maria", "Mary", "Birk")))

    def answer(draw: random.Random) -> None:
        for line in list_reviews(desk.hub, limit=1):
            decide(desk.hub, line.number, draw.choice(list(Outcome)), by="ines", reason="why")

    def take_back(draw: random.Random) -> None:
        standing = [one for one in list_judgements(desk.hub) if one.withdrawn_at is None]
        if standing:
            withdraw(desk.hub, draw.choice(standing).number, author="ines")

    def work(number: int) -> None:
        draw = random.Random(seed * 100 + number)
        for _ in range(15):
            one, other = draw.sample(keys, 2)
            acts: list[Callable[[], object]] = [
                lambda one=one, other=other: desk.same(one, other),  # type: ignore[misc]
                lambda one=one, other=other: desk.same(str(desk.id_of(one)), other),  # type: ignore[misc]
                lambda one=one, other=other: desk.different(one, other),  # type: ignore[misc]
                lambda one=one: desk.split(one, one),  # type: ignore[misc]
                lambda one=one: object_to_linkage(desk.hub, one, **WHO),  # type: ignore[misc]
                lambda one=one: withdraw_objection(desk.hub, one, author="x"),  # type: ignore[misc]
                lambda one=one: push(one, draw),  # type: ignore[misc]
                lambda one=one: desk.remove(one),  # type: ignore[misc]
                lambda: answer(draw),
                lambda: take_back(draw),
            ]
            with suppress(HubError):  # refusals are the point, deadlocks would not be among them
                draw.choice(acts)()

    for key in keys:
        push(key, random.Random(f"{seed}{key}"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    with database.transaction(desk.hub.engine) as connection:
        standing = judgements.standing(connection, PERSON)
    assert is_consistent((one.verdict, (one.left, one.right)) for one in standing)
    assert_as_batch(desk.hub, engine)
    assert_identities_hold(desk.hub)


def test_no_reason_rests_in_the_clear(desk: Desk) -> None:
    strangers(desk)
    desk.push(D, MARIA)
    desk.same(A, B)
    desk.split(A, D)
    object_to_linkage(desk.hub, C, **WHO)
    assert desk.rests_in_the_clear("passport", "Quist") == []
    assert {view.reason for view in list_judgements(desk.hub)} == {WHO["reason"]}
