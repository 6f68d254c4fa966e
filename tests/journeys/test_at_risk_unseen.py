"""To whoever is not cleared, a constituent at risk answers as an unknown one does, at every face of stewards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import event

from consent.policy import Clearance, Restriction
from consent.vocabulary import RestrictionKind
from hub.domain.errors import HubError
from hub.domain.reviews import Outcome, ReviewReason
from hub.journeys.acts import token_of
from hub.journeys.context import Hub
from hub.journeys.history import HistoryKind, history, identity_as_of
from hub.journeys.judge import (
    JudgementUnknown,
    judge,
    list_judgements,
    list_of,
    split,
    withdraw,
)
from hub.journeys.pin import PinUnknown, list_pins, pin, withdraw_pin
from hub.journeys.profile import resolve, show_profile
from hub.journeys.review import claim, decide, release, report_not_mine
from hub.journeys.review_queue import list_reviews, show_review
from hub.journeys.safety import Sight
from hub.journeys.why import why
from hub.store import database
from tests.consent.values import NOW, restricted
from tests.journeys.drawn_facts import Town
from tests.journeys.stewards import (
    BIRK,
    DIFFERENT,
    MARIA,
    NOOR,
    PERHAPS_MARIA,
    SAME,
    WHO,
    Desk,
)

HERS, ALSO_HERS, PERHAPS, OTHER = "cards:1", "desk:1", "cards:2", "cards:3"
UNKNOWN_KEY, UNKNOWN_ID = "cards:none", "00000000-0000-0000-0000-000000000009"
AT_RISK = restricted(RestrictionKind.AT_RISK)


@dataclass
class Shelter:
    """Maria's two records, a review whether a third is hers too, and Birk, with whom she has nothing to do."""

    desk: Desk
    number: int
    id_: UUID
    review: int

    @property
    def hub(self) -> Hub:
        return self.desk.hub

    def restrict(self, one: Restriction = AT_RISK, at: datetime = NOW) -> None:
        with database.transaction(self.hub.engine) as connection:
            Town(self.hub).restrict(connection, self.number, one, at)

    def named(self) -> dict[str, str]:
        """Every way to ask for her, and the way to ask so for nobody."""
        return {HERS: UNKNOWN_KEY, ALSO_HERS: "desk:none", str(self.id_): UNKNOWN_ID}


def number_of(hub: Hub, reference: str) -> int:
    with database.transaction(hub.engine) as connection:
        return resolve(hub, connection, reference)[0]


@pytest.fixture
def shelter(modelled_hub: Hub) -> Shelter:
    desk = Desk(modelled_hub)
    desk.push(HERS, MARIA)
    desk.push(ALSO_HERS, MARIA)
    desk.push(PERHAPS, PERHAPS_MARIA)
    desk.push(OTHER, BIRK)
    desk.different(HERS, OTHER)
    [line] = desk.reviews(ReviewReason.BAND)[:1]
    return Shelter(desk, number_of(modelled_hub, HERS), desk.id_of(HERS), line.number)


def refusal(ask: Callable[[], object]) -> tuple[type[HubError], str]:
    with pytest.raises(HubError) as caught:
        ask()
    return type(caught.value), str(caught.value)


FACES: dict[str, Callable[..., object]] = {
    "profile": show_profile,
    "why, first": lambda hub, ref, **cleared: why(hub, ref, OTHER, **cleared),
    "why, second": lambda hub, ref, **cleared: why(hub, OTHER, ref, **cleared),
    "history": history,
    "as of": lambda hub, ref, **cleared: identity_as_of(hub, ref, hub.now(), **cleared),
    "judgements": list_of,
    "pins": list_pins,
    "look": lambda hub, ref, **cleared: token_of(hub, [ref], **cleared),
    "preview": lambda hub, ref, **cleared: judge(
        hub, DIFFERENT, ref, OTHER, is_preview=True, **WHO, **cleared
    ),
    "judge": lambda hub, ref, **cleared: judge(hub, DIFFERENT, OTHER, ref, **WHO, **cleared),
    "split": lambda hub, ref, **cleared: split(
        hub, ref, [ALSO_HERS], is_preview=True, **WHO, **cleared
    ),
}


@pytest.mark.parametrize("face", FACES)
def test_asked_about_she_answers_as_an_unknown_one_and_whole_to_the_cleared(
    shelter: Shelter, face: str
) -> None:
    hub, ask = shelter.hub, FACES[face]
    open_to_all = {one: ask(hub, one) for one in shelter.named() if face != "judge"}
    shelter.restrict()
    for one, nobody in shelter.named().items():
        assert refusal(partial(ask, hub, one)) == refusal(partial(ask, hub, nobody))
        told = ask(hub, one, is_cleared=True)
        assert face in ("judge", "as of") or told == open_to_all[one]


def test_pins_on_her_records_are_made_and_withdrawn_by_the_cleared_alone(shelter: Shelter) -> None:
    hub = shelter.hub
    shelter.restrict()
    nothing = refusal(lambda: pin(hub, UNKNOWN_KEY, "name", "ines", "she signs so"))
    assert refusal(lambda: pin(hub, HERS, "name", "ines", "she signs so")) == nothing
    pin(hub, HERS, "name", "ines", "she signs so", is_cleared=True)
    kind, sentence = refusal(lambda: withdraw_pin(hub, HERS, "name", "ines"))
    assert (kind, sentence) == refusal(lambda: withdraw_pin(hub, UNKNOWN_KEY, "name", "ines"))
    assert kind is PinUnknown
    withdraw_pin(hub, HERS, "name", "ines", is_cleared=True)


def test_a_judgement_on_her_is_withdrawn_by_the_cleared_alone(shelter: Shelter) -> None:
    hub = shelter.hub
    [judged] = list_of(hub, HERS)
    shelter.restrict()
    for which in (judged.act_id, judged.number):
        with pytest.raises(JudgementUnknown, match="there is no such judgement"):
            withdraw(hub, which, author="ines")
    assert withdraw(hub, judged.act_id, author="ines", is_cleared=True).ended == (judged.number,)


def test_a_steward_who_reports_her_record_hears_that_it_is_unknown(shelter: Shelter) -> None:
    hub = shelter.hub
    shelter.restrict()
    nothing = refusal(lambda: report_not_mine(hub, UNKNOWN_KEY, "ines", is_cleared=False))
    assert refusal(lambda: report_not_mine(hub, HERS, "ines", is_cleared=False)) == nothing
    assert report_not_mine(hub, HERS, "herself") > 0


def test_what_an_act_on_others_does_to_her_is_told_the_cleared_alone(shelter: Shelter) -> None:
    hub, desk = shelter.hub, shelter.desk
    desk.split(HERS, ALSO_HERS)
    shelter.restrict(at=hub.now() + timedelta(hours=1))
    # Held apart from her as her former record is, the third is no longer asked about with her.
    told, whole = (
        judge(hub, SAME, ALSO_HERS, PERHAPS, is_preview=True, is_cleared=cleared, **WHO).effects
        for cleared in (False, True)
    )
    assert (told.reviews_closed, whole.reviews_closed) == (1, 2)


def test_why_others_are_apart_does_not_tell_of_her(shelter: Shelter) -> None:
    hub, desk = shelter.hub, shelter.desk
    desk.split(HERS, ALSO_HERS)
    shelter.restrict(at=hub.now() + timedelta(hours=1))
    told, whole = (why(hub, ALSO_HERS, PERHAPS, is_cleared=cleared) for cleared in (False, True))
    assert (told.left.component_records, whole.left.component_records) == (2, 3)
    assert told.seen == whole.seen


def test_reviews_about_her_are_neither_listed_nor_known(shelter: Shelter) -> None:
    hub, number = shelter.hub, shelter.review
    before = list_reviews(hub)
    shelter.restrict()
    assert number not in [line.number for line in list_reviews(hub)]
    assert list_reviews(hub, is_cleared=True) == before
    for ask in (
        show_review,
        lambda hub, number: claim(hub, number, "ines"),
        lambda hub, number: release(hub, number, "ines"),
        lambda hub, number: decide(hub, number, Outcome.SAME, by="ines", reason="her passport"),
    ):
        kind, sentence = refusal(partial(ask, hub, number))
        assert (kind, sentence.replace(f" {number}", " 404")) == refusal(partial(ask, hub, 404))
    assert show_review(hub, number, is_cleared=True).line.number == number
    claim(hub, number, "ines", is_cleared=True)
    release(hub, number, "ines", is_cleared=True)
    decide(hub, number, Outcome.SAME, by="ines", reason="her passport", is_cleared=True)


def test_the_queue_is_filled_with_what_may_be_seen(shelter: Shelter) -> None:
    hub = shelter.hub
    of_her, of_birk = report_not_mine(hub, HERS, "a clerk"), report_not_mine(hub, OTHER, "a clerk")
    assert [line.number for line in list_reviews(hub, limit=1)] == [of_her]
    shelter.restrict()
    assert [line.number for line in list_reviews(hub, limit=1)] == [of_birk]


def test_judgements_between_her_and_others_are_not_told_of_the_others(shelter: Shelter) -> None:
    hub = shelter.hub
    shelter.desk.push("cards:4", NOOR)
    shelter.desk.different(OTHER, "cards:4")
    every = list_judgements(hub)
    assert len(every) == 2
    shelter.restrict()
    assert list_of(hub, OTHER) == list_judgements(hub) == every[:1]
    assert list_judgements(hub, limit=2, is_cleared=True) == every


def test_the_story_of_others_does_not_name_her(shelter: Shelter) -> None:
    hub, desk = shelter.hub, shelter.desk
    merged = desk.same(HERS, PERHAPS)
    withdraw(hub, merged.judgements[0], author="ines")
    apart = history(hub, PERHAPS)
    assert any(entry.kind is HistoryKind.JUDGED for entry in apart)
    shelter.restrict(at=hub.now() + timedelta(hours=1))
    told = history(hub, PERHAPS)
    assert not any(shelter.id_ in (entry.id, entry.other_id) for entry in told)
    assert not any(entry.author for entry in told)
    assert history(hub, PERHAPS, is_cleared=True) == apart


def test_whoever_her_record_was_with_when_she_was_at_risk_is_hidden_too(shelter: Shelter) -> None:
    desk = shelter.desk
    shelter.restrict()
    judged = judge(shelter.hub, SAME, HERS, PERHAPS, is_cleared=True, **WHO)
    withdraw(shelter.hub, judged.judgements[0], author="ines", is_cleared=True)
    assert refusal(lambda: desk.id_of(PERHAPS)) == refusal(lambda: desk.id_of(UNKNOWN_KEY))


def test_only_who_is_at_risk_now_is_hidden(shelter: Shelter) -> None:
    shelter.restrict(restricted(RestrictionKind.DISPUTED))
    yesterday = shelter.hub.now() - timedelta(days=1)
    shelter.restrict(restricted(RestrictionKind.AT_RISK, ends_at=yesterday))
    assert show_profile(shelter.hub, HERS).id == shelter.id_


def test_an_agencys_clearance_clears_no_steward(shelter: Shelter) -> None:
    shelter.restrict(restricted(RestrictionKind.AT_RISK, Clearance(agency="cards")))
    assert refusal(lambda: show_profile(shelter.hub, HERS)) == refusal(
        lambda: show_profile(shelter.hub, UNKNOWN_KEY)
    )


def test_where_nobody_is_restricted_it_costs_one_question(shelter: Shelter) -> None:
    asked: list[str] = []
    with database.transaction(shelter.hub.engine) as connection:
        event.listen(connection, "before_cursor_execute", lambda *seen: asked.append(seen[2]))
        assert not Sight(shelter.hub, connection, is_cleared=False).hidden_records(range(100))
    assert len(asked) == 1
