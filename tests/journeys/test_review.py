"""The review queue: claimed by one, answered once, and what an answer means is done with it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypedDict

import pytest
from sqlalchemy import text

from hub.domain.errors import HubError, RecordUnknown
from hub.domain.judging import JudgementContradicted
from hub.domain.records import ConstituentKind
from hub.domain.reviews import Outcome, ReviewReason, Verdict
from hub.journeys.acts import ActUnexplained, NothingToJudge, RecordRemoved, StaleView
from hub.journeys.context import Hub
from hub.journeys.judge import list_judgements, withdraw
from hub.journeys.link import link_kind
from hub.journeys.review import (
    Decided,
    NotAnAnswer,
    ReviewClaimed,
    ReviewClosed,
    ReviewUnknown,
    claim,
    decide,
    release,
    report_not_mine,
)
from hub.journeys.review_queue import ReviewView, list_reviews, show_review
from hub.store import database, reviews
from hub.store.reviews import Asked, subject
from tests.journeys.stewards import (
    BIRK,
    DIFFERENT,
    MARIA,
    NOOR,
    PERHAPS_MARIA,
    SAME,
    Desk,
)

A, B, C, D = "cards:1", "shops:1", "camps:1", "boats:1"


class By(TypedDict):
    by: str
    reason: str


BY: By = {"by": "ines", "reason": "seen her passport"}
NOT_MINE, FACTS_CHANGED = ReviewReason.NOT_MINE, ReviewReason.FACTS_CHANGED


@pytest.fixture
def desk(modelled_hub: Hub) -> Desk:
    return Desk(modelled_hub)


def doubt(desk: Desk) -> int:
    """Maria twice, and a record that may be hers; answers the number of that question."""
    desk.push(A, MARIA)
    desk.push(B, MARIA)
    desk.push(C, PERHAPS_MARIA)
    [line] = desk.reviews()
    assert line.reason is ReviewReason.BAND
    return line.number


def refused(desk: Desk, act: Callable[[], object], error: type[HubError], words: str) -> None:
    before = desk.dump()
    with pytest.raises(error, match=words):
        act()
    assert desk.dump() == before


def closed(desk: Desk, number: int) -> tuple[object, ...]:
    line = show_review(desk.hub, number).line
    return line.outcome, line.closed_by, line.closed_at is not None


# --- looking ---------------------------------------------------------------------------------------


def test_a_review_shows_both_records_their_constituents_and_why(desk: Desk) -> None:
    number = doubt(desk)
    shown = show_review(desk.hub, number)
    assert shown.right is not None
    sides = {str(side.record): side for side in (shown.left, shown.right)}
    maria = next(side for key, side in sides.items() if key != C)
    assert maria.constituent == desk.id_of(A)
    assert {str(maria.record), *map(str, maria.others)} == {A, B}
    assert (sides[C].constituent, sides[C].others) == (desk.id_of(C), ())
    assert shown.line.weight_bits is not None
    assert -4 <= shown.line.weight_bits < 1
    assert (shown.answers, shown.judgement) == ((Outcome.DIFFERENT, Outcome.SAME), None)
    assert "too little to link" in shown.question
    assert shown.seen is not None


def test_the_queue_is_listed_by_kind_reason_and_steward(desk: Desk) -> None:
    number = doubt(desk)
    report = report_not_mine(desk.hub, A, "portal")
    hub = desk.hub
    assert [line.number for line in list_reviews(hub)] == [report, number]
    assert [line.number for line in list_reviews(hub, limit=1)] == [report]
    assert [line.number for line in list_reviews(hub, reason=ReviewReason.BAND)] == [number]
    assert list_reviews(hub, ConstituentKind.ORGANIZATION) == []
    claim(hub, number, "ines")
    assert [line.number for line in list_reviews(hub, mine="ines")] == [number]


# --- claiming --------------------------------------------------------------------------------------


def test_a_claimed_review_is_one_stewards_until_released(desk: Desk) -> None:
    number = doubt(desk)
    claim(desk.hub, number, "ines")
    before = desk.dump()
    claim(desk.hub, number, "ines")
    assert desk.dump() == before
    said: By = {"by": "tomas", "reason": "why"}
    for act in (
        lambda: claim(desk.hub, number, "tomas"),
        lambda: release(desk.hub, number, "tomas"),
        lambda: decide(desk.hub, number, Outcome.SAME, **said),
    ):
        refused(desk, act, ReviewClaimed, "claimed by ines")
    release(desk.hub, number, "ines")
    claim(desk.hub, number, "tomas")
    assert show_review(desk.hub, number).line.claimed_by == "tomas"


def test_a_claim_outlives_a_question_that_is_asked_again(desk: Desk) -> None:
    number = doubt(desk)
    claim(desk.hub, number, "ines")
    desk.push(C, PERHAPS_MARIA, email="m.o@example.org")
    [line] = desk.reviews()
    assert (line.number, line.claimed_by) == (number, "ines")


def test_what_is_no_review_or_nobodys_act_is_told(desk: Desk) -> None:
    number = doubt(desk)
    refused(desk, lambda: show_review(desk.hub, 404), ReviewUnknown, "no review 404")
    refused(desk, lambda: claim(desk.hub, 404, "ines"), ReviewUnknown, "no review 404")
    refused(desk, lambda: claim(desk.hub, number, " "), ActUnexplained, "must be said")
    refused(
        desk,
        lambda: decide(desk.hub, number, Outcome.SAME, by="ines", reason=""),
        ActUnexplained,
        "must be said",
    )
    refused(desk, lambda: report_not_mine(desk.hub, A, ""), ActUnexplained, "must be said")


# --- pairs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [Outcome.SAME, Outcome.DIFFERENT])
def test_an_answer_on_a_pair_is_a_judgement_and_closes_it(desk: Desk, outcome: Outcome) -> None:
    number = doubt(desk)
    seen = show_review(desk.hub, number).seen
    preview = decide(desk.hub, number, outcome, seen=seen, is_preview=True, **BY)
    assert closed(desk, number) == (None, None, False)
    done = decide(desk.hub, number, outcome, seen=seen, **BY)
    assert preview.judged == done.judged.as_preview()
    assert closed(desk, number) == (outcome, "ines", True)
    assert desk.together(A, C) == (outcome is Outcome.SAME)
    assert desk.reviews() == []
    [judged] = list_judgements(desk.hub)
    assert judged.verdict == Verdict(outcome)
    assert (judged.author, judged.reason) == ("ines", BY["reason"])
    assert (done.judged.judgements, done.judged.effects.reviews_closed) == ((judged.number,), 1)
    for act in (
        lambda: decide(desk.hub, number, outcome, **BY),
        lambda: claim(desk.hub, number, "tomas"),
        lambda: release(desk.hub, number, "ines"),
    ):
        refused(desk, act, ReviewClosed, f"answered {outcome} by ines")


def test_a_pair_cannot_be_dismissed(desk: Desk) -> None:
    number = doubt(desk)
    refused(
        desk,
        lambda: decide(desk.hub, number, Outcome.DISMISSED, **BY),
        NotAnAnswer,
        "answer same or different",
    )


def test_an_answer_on_what_has_changed_since_is_refused(desk: Desk) -> None:
    number = doubt(desk)
    seen = show_review(desk.hub, number).seen
    # Surely Maria, and less like the one in doubt than those that are asked about.
    desk.push(D, {name: MARIA[name] for name in ("given", "family", "email", "ssn")})
    assert desk.together(A, D)
    assert [line.number for line in desk.reviews()] == [number]
    refused(
        desk,
        lambda: decide(desk.hub, number, Outcome.SAME, seen=seen, **BY),
        StaleView,
        "look again",
    )


def test_an_answer_that_contradicts_is_refused_and_the_question_stays(desk: Desk) -> None:
    for key, row in ((A, MARIA), (C, PERHAPS_MARIA), (D, BIRK)):
        desk.push(key, row)
    desk.same(A, D)
    desk.different(C, D)
    assert desk.reviews() == []
    desk.remove(D)
    [line] = desk.reviews()
    refused(
        desk,
        lambda: decide(desk.hub, line.number, Outcome.SAME, **BY),
        JudgementContradicted,
        "different",
    )


def test_a_question_that_went_away_by_itself_is_closed_without_an_outcome(desk: Desk) -> None:
    number = doubt(desk)
    desk.remove(C)
    assert closed(desk, number) == (None, None, True)
    refused(
        desk,
        lambda: decide(desk.hub, number, Outcome.SAME, **BY),
        ReviewClosed,
        "closed by itself",
    )


def test_of_two_stewards_who_answer_one_review_at_once_one_is_refused(desk: Desk) -> None:
    number = doubt(desk)

    def answer(by: str) -> Decided | str:
        outcome = Outcome.SAME if by == "ines" else Outcome.DIFFERENT
        try:
            return decide(desk.hub, number, outcome, by=by, reason="why")
        except HubError as error:
            return type(error).__name__

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(answer, ["ines", "tomas"]))
    [done] = [one for one in answers if isinstance(one, Decided)]
    [other] = [one for one in answers if isinstance(one, str)]
    assert other == "ReviewClosed"
    assert closed(desk, number)[0] is done.outcome
    assert len(list_judgements(desk.hub)) == 1


@pytest.mark.parametrize("reason", [ReviewReason.OVERSIZED, ReviewReason.CONTRADICTION])
def test_what_only_judging_answers_says_so(desk: Desk, reason: ReviewReason) -> None:
    number = doubt(desk)
    with database.transaction(desk.hub.engine) as connection:
        connection.execute(text("UPDATE reviews SET reason = :reason"), {"reason": reason.value})
    for outcome in Outcome:
        refused(
            desk,
            lambda outcome=outcome: decide(desk.hub, number, outcome, **BY),  # type: ignore[misc]
            NotAnAnswer,
            "`hub judge",
        )
    assert show_review(desk.hub, number).answers == ()


# --- reports ---------------------------------------------------------------------------------------


def test_a_report_is_asked_about_once_and_splits_the_record_off(desk: Desk) -> None:
    for key in (A, B, D):
        desk.push(key, MARIA)
    number = report_not_mine(desk.hub, B, "portal")
    assert report_not_mine(desk.hub, B, "somebody else") == number
    [line] = desk.reviews(NOT_MINE)
    assert (str(line.left), line.right, line.weight_bits) == (B, None, None)
    seen = show_review(desk.hub, number).seen
    refused(
        desk,
        lambda: decide(desk.hub, number, Outcome.SAME, **BY),
        NotAnAnswer,
        "different, or dismissed",
    )
    decide(desk.hub, number, Outcome.DIFFERENT, seen=seen, **BY)
    assert desk.together(A, D)
    assert not desk.together(A, B)
    assert len(list_judgements(desk.hub)) == 2
    assert closed(desk, number) == (Outcome.DIFFERENT, "ines", True)
    assert report_not_mine(desk.hub, A, "portal") > number


def test_a_report_that_is_dismissed_leaves_everything(desk: Desk) -> None:
    desk.push(A, MARIA)
    desk.push(B, MARIA)
    number = report_not_mine(desk.hub, A, "portal")
    decide(desk.hub, number, Outcome.DISMISSED, **BY)
    assert desk.together(A, B)
    assert closed(desk, number) == (Outcome.DISMISSED, "ines", True)
    assert list_judgements(desk.hub) == []


def test_a_report_on_a_record_that_stands_alone_or_is_gone_can_only_be_dismissed(
    desk: Desk,
) -> None:
    desk.push(A, MARIA)
    refused(desk, lambda: report_not_mine(desk.hub, "cards:9", "x"), RecordUnknown, "no record")
    number = report_not_mine(desk.hub, A, "portal")
    refused(
        desk,
        lambda: decide(desk.hub, number, Outcome.DIFFERENT, **BY),
        NothingToJudge,
        "stands alone",
    )
    desk.remove(A)
    assert show_review(desk.hub, number).left.constituent is None
    refused(
        desk, lambda: decide(desk.hub, number, Outcome.DIFFERENT, **BY), RecordRemoved, "removed"
    )
    decide(desk.hub, number, Outcome.DISMISSED, **BY)
    assert desk.reviews() == []


# --- changed facts ---------------------------------------------------------------------------------


def changed_facts(desk: Desk) -> ReviewView:
    """Two judged DIFFERENT, one of which says something else since."""
    for key in (A, B):
        desk.push(key, MARIA)
    desk.different(A, B)
    assert desk.reviews(FACTS_CHANGED) == []
    desk.push(B, MARIA, email="mo@example.org")
    [line] = desk.reviews(FACTS_CHANGED)
    return show_review(desk.hub, line.number)


def test_changed_facts_are_asked_about_with_the_judgement(desk: Desk) -> None:
    shown = changed_facts(desk)
    assert shown.judgement is not None
    assert (shown.judgement.verdict, shown.judgement.author) == (DIFFERENT, "ines")
    assert set(shown.answers) == set(Outcome)
    desk.push(B, MARIA, email="mo@example.org")
    assert len(desk.reviews(FACTS_CHANGED)) == 1


def test_changed_facts_that_are_dismissed_keep_the_judgement_and_are_not_asked_again(
    desk: Desk,
) -> None:
    number = changed_facts(desk).line.number
    decide(desk.hub, number, Outcome.DISMISSED, **BY)
    assert not desk.together(A, B)
    [judged] = list_judgements(desk.hub)
    assert judged.withdrawn_at is None
    desk.push(B, MARIA, email="mo@example.org")
    link_kind(desk.hub, ConstituentKind.PERSON)
    assert desk.reviews(FACTS_CHANGED) == []
    desk.push(B, MARIA, email="third@example.org")
    assert len(desk.reviews(FACTS_CHANGED)) == 1


def test_the_former_verdict_is_given_anew_and_rests_on_todays_facts(desk: Desk) -> None:
    shown = changed_facts(desk)
    decide(desk.hub, shown.line.number, Outcome.DIFFERENT, seen=shown.seen, **BY)
    assert not desk.together(A, B)
    now, former = list_judgements(desk.hub)
    assert (former.withdrawn_by, now.withdrawn_at) == ("ines", None)
    assert (now.act_id, now.verdict) == (former.act_id, DIFFERENT)
    assert closed(desk, shown.line.number) == (Outcome.DIFFERENT, "ines", True)
    link_kind(desk.hub, ConstituentKind.PERSON)
    assert desk.reviews(FACTS_CHANGED) == []


def test_the_other_verdict_withdraws_the_act_and_judges_the_pair(desk: Desk) -> None:
    shown = changed_facts(desk)
    done = decide(desk.hub, shown.line.number, Outcome.SAME, **BY)
    assert desk.together(A, B)
    now, former = list_judgements(desk.hub)
    assert (now.verdict, former.withdrawn_by) == (SAME, "ines")
    assert now.act_id != former.act_id
    assert (done.judged.ended, done.judged.judgements) == ((former.number,), (now.number,))


def test_an_answer_on_one_judgement_of_a_split_answers_for_all_of_it(desk: Desk) -> None:
    for key in (A, B, D):
        desk.push(key, MARIA)
    desk.push(C, NOOR)
    desk.split(A, B)
    desk.push(B, MARIA, email="mo@example.org")
    first, second = desk.reviews(FACTS_CHANGED)
    decide(desk.hub, first.number, Outcome.DIFFERENT, **BY)
    assert closed(desk, second.number) == (Outcome.DIFFERENT, "ines", True)
    standing = [one for one in list_judgements(desk.hub) if one.withdrawn_at is None]
    assert len(standing) == 2
    assert len({one.act_id for one in standing}) == 1
    assert (desk.together(A, D), desk.together(A, B)) == (True, False)


def test_a_question_about_a_judgement_goes_when_that_is_withdrawn(desk: Desk) -> None:
    shown = changed_facts(desk)
    assert shown.judgement is not None
    done = withdraw(desk.hub, shown.judgement.act_id, author="tomas")
    assert closed(desk, shown.line.number) == (None, "tomas", True)
    assert done.effects.reviews_closed == 1


def test_a_record_that_is_both_reported_and_in_doubt_has_both_questions(desk: Desk) -> None:
    number = doubt(desk)
    with database.transaction(desk.hub.engine) as connection:
        reason = NOT_MINE
        asked = {subject(1, None, reason): Asked(reason, None, None)}
        reviews.open_all(connection, "person", asked, desk.hub.now())
    assert report_not_mine(desk.hub, A, "x") > number
    assert len(desk.reviews()) == 2


def test_no_answers_reason_rests_in_the_clear(desk: Desk) -> None:
    number = doubt(desk)
    decide(desk.hub, number, Outcome.SAME, by="ines", reason="Ottilie Quist showed her passport")
    assert desk.rests_in_the_clear("passport", "Quist") == []
