"""Stewards over HTTP: what they are shown, what they do on what they saw, and who is hidden from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import pytest

from hub.access.scopes import StaffRole
from hub.client import HubClient, ProblemTold, RecordRef
from hub.domain.reviews import ReviewReason
from hub.journeys.context import Hub
from tests.api.running import Served, served
from tests.journeys.stewards import BIRK, MARIA, NOOR, PERHAPS_MARIA, Desk
from tests.journeys.test_at_risk_unseen import AT_RISK, Shelter, number_of

HERS, ALSO_HERS, PERHAPS, OTHER, NOORS, NOBODYS = (
    RecordRef("cards", "1"),
    RecordRef("desk", "1"),
    RecordRef("cards", "2"),
    RecordRef("cards", "3"),
    RecordRef("cards", "4"),
    RecordRef("cards", "none"),
)
UNISSUED = UUID(int=9)
REASON = "Ottilie Quist showed her passport"


@dataclass
class Office:
    """A served hub with Maria's two records, one that may be hers, Birk and Noor; and stewards at work."""

    running: Served
    shelter: Shelter
    clients: list[HubClient] = field(default_factory=list)

    def steward(self, name: str = "ines", *roles: StaffRole) -> HubClient:
        identity = self.running.staff(name, *(roles or (StaffRole.STEWARD,)))
        self.clients.append(self.running.client(identity))
        return self.clients[-1]

    @property
    def review(self) -> int:
        return self.shelter.review


@pytest.fixture
def office(modelled_hub: Hub) -> Iterator[Office]:
    desk = Desk(modelled_hub)
    for key, row in (
        ("cards:1", MARIA),
        ("desk:1", MARIA),
        ("cards:2", PERHAPS_MARIA),
        ("cards:3", BIRK),
        ("cards:4", NOOR),
    ):
        desk.push(key, row)
    [line] = desk.reviews(ReviewReason.BAND)[:1]
    shelter = Shelter(desk, number_of(modelled_hub, "cards:1"), desk.id_of("cards:1"), line.number)
    with served(modelled_hub) as running:
        office = Office(running, shelter)
        yield office
        for client in office.clients:
            client.close()


def told(ask: Callable[[], object]) -> ProblemTold:
    with pytest.raises(ProblemTold) as caught:
        ask()
    return caught.value


def problem(ask: Callable[[], object]) -> tuple[int, str, str]:
    found = told(ask)
    return found.status, found.name, found.detail


NOT_FOUND = (404, "not-found", "")


# --- looking --------------------------------------------------------------------------------------


def test_a_steward_is_told_why_who_and_how_it_came_about(office: Office) -> None:
    ines, shelter = office.steward(), office.shelter
    why, seen = ines.constituents.why(HERS, ALSO_HERS)
    assert why.is_same_constituent
    assert why.verdict[0] == "They are one constituent."
    assert seen
    apart, _ = ines.constituents.why(shelter.id_, OTHER)
    assert not apart.is_same_constituent

    standing, seen_of_her = ines.constituents.query(ALSO_HERS)
    assert standing.id == shelter.id_
    assert [(one.record.source, one.record.key) for one in standing.records] == [
        ("cards", "1"),
        ("desk", "1"),
    ]
    assert [one.number for one in standing.reviews] == [office.review]
    assert seen_of_her == seen

    then = ines.constituents.as_of(HERS, office.running.hub.now())
    assert then.id == shelter.id_
    story = ines.constituents.history(shelter.id_)
    assert story[0].kind == "issued"
    assert {one.record.key for one in story if one.record} == {"1"}


def test_no_answer_to_a_steward_holds_anybodys_value(office: Office) -> None:
    ines = office.steward()
    said = repr(
        (
            ines.constituents.why(HERS, PERHAPS),
            ines.constituents.query(HERS),
            ines.constituents.history(HERS),
            ines.reviews.show(office.review),
        )
    ).lower()
    for row in (MARIA, PERHAPS_MARIA):
        assert not [value for name, value in row.items() if value.lower() in said], said


def test_whoever_is_at_risk_is_as_unknown_and_whole_to_the_cleared(office: Office) -> None:
    ines = office.steward()
    cleared = office.steward("tomas", StaffRole.STEWARD, StaffRole.CLEARED)
    standing, seen = ines.constituents.query(HERS)
    ines.judgements.judge(
        "different", HERS, OTHER, REASON, seen=ines.constituents.why(HERS, OTHER)[1]
    )
    office.shelter.restrict(AT_RISK)
    for whom, nobody in ((HERS, NOBODYS), (office.shelter.id_, UNISSUED)):
        for ask in (
            lambda client, one: client.constituents.query(one),
            lambda client, one: client.constituents.history(one),
            lambda client, one: client.constituents.why(one, OTHER),
            lambda client, one: client.judgements.of(one),
            lambda client, one: client.judgements.preview("different", one, NOORS, REASON),
            lambda client, one: client.judgements.judge("same", one, NOORS, REASON, seen=seen),
            lambda client, one: client.judgements.split(one, [ALSO_HERS], REASON, seen=seen),
            lambda client, one: client.pins.of(one),
        ):
            assert problem(partial(ask, ines, whom)) == NOT_FOUND
            assert problem(partial(ask, ines, nobody)) == NOT_FOUND
    for refused in (
        lambda: ines.constituents.as_of(HERS, datetime.now(UTC)),
        lambda: ines.reviews.show(office.review),
        lambda: ines.reviews.claim(office.review),
        lambda: ines.reviews.report_not_mine(HERS),
        lambda: ines.pins.make(HERS, "name", REASON),
        lambda: ines.pins.withdraw(HERS, "name"),
        lambda: ines.judgements.withdraw(cleared.judgements.of(HERS)[0].act),
    ):
        assert problem(refused) == NOT_FOUND
    assert not list(ines.judgements.latest())
    assert not [one for one in ines.reviews.queue() if one.number == office.review]
    assert cleared.constituents.query(HERS)[0] == standing
    assert cleared.reviews.show(office.review)[0].line.number == office.review
    assert len(list(cleared.judgements.latest())) == 1


# --- reviews --------------------------------------------------------------------------------------


def test_a_review_is_claimed_answered_on_what_was_seen_and_then_closed(office: Office) -> None:
    ines, tomas = office.steward(), office.steward("tomas")
    view, seen = ines.reviews.show(office.review)
    assert view.answers == ["different", "same"]
    ines.reviews.claim(office.review)
    assert [one.claimed_by for one in tomas.reviews.queue()] == ["ines"]
    assert not list(tomas.reviews.queue(is_mine="true"))
    status, name, detail = problem(
        lambda: tomas.reviews.answer(office.review, "same", REASON, seen=seen)
    )
    assert (status, name) == (409, "conflict")
    assert "claimed by ines" in detail
    previewed = ines.reviews.preview(office.review, "same", REASON)
    assert previewed.judged.effects.merged
    assert previewed.judged.judgements == []
    done = ines.reviews.answer(office.review, "same", REASON, seen=seen)
    assert done.judged.effects == previewed.judged.effects
    [judgement] = ines.judgements.of(PERHAPS)
    assert (judgement.author, judgement.reason) == ("ines", REASON)
    assert office.shelter.desk.together("cards:1", "cards:2")
    assert problem(lambda: tomas.reviews.release(office.review))[:2] == (409, "conflict")


def test_an_answer_to_what_changed_since_it_was_seen_is_refused(office: Office) -> None:
    ines = office.steward()
    _, seen = ines.reviews.show(office.review)
    office.shelter.desk.push("cards:1", MARIA, phone="+1 202 555 0143")
    answer = problem(lambda: ines.reviews.answer(office.review, "same", REASON, seen=seen))
    assert answer[:2] == (412, "changed-since")
    assert ines.reviews.show(office.review)[0].line.closed_at is None
    unnamed = problem(
        lambda: ines._transport.send(
            "POST",
            f"/v1/reviews/{office.review}/answer",
            body={"outcome": "same", "reason": REASON},
            repeat_key="without-if-match",
        )
    )
    assert unnamed[:2] == (428, "precondition-missing")


def test_a_report_opens_one_review_which_is_not_answered_same(office: Office) -> None:
    ines = office.steward()
    number = ines.reviews.report_not_mine(ALSO_HERS)
    assert ines.reviews.report_not_mine(ALSO_HERS) == number
    assert next(ines.reviews.queue()).reason == "not_mine"
    _, seen = ines.reviews.show(number)
    assert problem(lambda: ines.reviews.answer(number, "same", REASON, seen=seen))[:2] == (
        422,
        "request-invalid",
    )
    done = ines.reviews.answer(number, "different", REASON, seen=seen)
    assert done.judged.judgements
    assert not office.shelter.desk.together("cards:1", "desk:1")


def test_the_queue_comes_whole_in_pages_of_any_size(office: Office) -> None:
    ines = office.steward()
    for record in (HERS, OTHER, NOORS):
        ines.reviews.report_not_mine(record)
    whole = [one.number for one in ines.reviews.queue(limit=200)]
    assert len(whole) >= 4
    for limit in (1, 2, 3):
        assert [one.number for one in ines.reviews.queue(limit=limit)] == whole
    foreign = office.steward("tomas")
    cursor = ines._transport.send("GET", "/v1/reviews", query={"limit": 1}).read(dict)["next"]
    assert problem(lambda: foreign._transport.send("GET", "/v1/reviews", query={"cursor": cursor}))[
        :2
    ] == (422, "request-invalid")
    assert problem(lambda: ines.reviews.show(10**14)) == NOT_FOUND


def test_a_report_on_a_record_that_is_gone_is_dismissed_on_what_was_seen(office: Office) -> None:
    ines = office.steward()
    number = ines.reviews.report_not_mine(ALSO_HERS)
    _, before = ines.reviews.show(number)
    office.shelter.desk.remove("desk:1")
    view, seen = ines.reviews.show(number)
    assert view.left.constituent is None
    assert problem(lambda: ines.reviews.answer(number, "different", REASON, seen=seen)) == NOT_FOUND
    stale = problem(lambda: ines.reviews.answer(number, "dismissed", REASON, seen=before))
    assert stale[:2] == (412, "changed-since")
    done = ines.reviews.answer(number, "dismissed", REASON, seen=seen)
    assert done.judged.judgements == []
    assert ines.reviews.show(number)[0].line.outcome == "dismissed"


# --- judging --------------------------------------------------------------------------------------


def test_a_judgement_is_previewed_made_once_and_withdrawn(office: Office) -> None:
    ines, desk = office.steward(), office.shelter.desk
    _, seen = ines.constituents.why(OTHER, NOORS)
    previewed = ines.judgements.preview("same", OTHER, NOORS, REASON)
    assert not desk.together("cards:3", "cards:4")
    made = [
        ines.judgements.judge("same", OTHER, NOORS, REASON, seen=seen, repeat_key="merge-3-and-4")
        for _ in range(2)
    ]
    act = made[0].act
    assert made[0] == made[1]
    assert act is not None
    assert made[0].effects == previewed.effects
    assert desk.together("cards:3", "cards:4")
    assert len(ines.judgements.of(OTHER)) == 1
    contradicted = problem(
        lambda: ines.judgements.judge(
            "different", OTHER, NOORS, REASON, seen=ines.constituents.why(OTHER, NOORS)[1]
        )
    )
    assert contradicted[:2] == (409, "conflict")
    ines.judgements.withdraw(act)
    assert not desk.together("cards:3", "cards:4")
    assert problem(lambda: ines.judgements.withdraw(act)) == NOT_FOUND
    assert [one.withdrawn_by for one in ines.judgements.latest(limit=1)] == ["ines"]


def test_a_judgement_on_what_changed_since_is_refused_and_changes_nothing(office: Office) -> None:
    ines, desk = office.steward(), office.shelter.desk
    _, seen = ines.constituents.why(HERS, OTHER)
    desk.push("desk:3", BIRK)
    before = desk.dump()["judgements"]
    refused = problem(lambda: ines.judgements.judge("same", HERS, OTHER, REASON, seen=seen))
    assert refused[:2] == (412, "changed-since")
    assert desk.dump()["judgements"] == before


def test_a_constituent_is_split_on_what_was_seen(office: Office) -> None:
    ines = office.steward()
    _, seen = ines.constituents.query(HERS)
    previewed = ines.judgements.preview_split(office.shelter.id_, [ALSO_HERS], REASON)
    done = ines.judgements.split(office.shelter.id_, [ALSO_HERS], REASON, seen=seen)
    assert done.effects == previewed.effects
    assert len(done.issued) == 1
    assert not office.shelter.desk.together("cards:1", "desk:1")
    assert problem(lambda: ines.judgements.split(HERS, [ALSO_HERS], REASON, seen=seen))[:2] == (
        409,
        "conflict",
    )


def test_a_pin_is_made_told_of_without_its_value_and_withdrawn(office: Office) -> None:
    ines = office.steward()
    ines.pins.make(ALSO_HERS, "name", REASON, repeat_key="pin-her-name")
    ines.pins.make(ALSO_HERS, "name", REASON, repeat_key="pin-her-name")
    [pin] = ines.pins.of(HERS)
    assert (pin.author, pin.attribute, pin.sleeps, pin.withdrawn_at) == (
        "ines",
        "name",
        False,
        None,
    )
    ines.pins.withdraw(ALSO_HERS, "name")
    assert problem(lambda: ines.pins.withdraw(ALSO_HERS, "name")) == NOT_FOUND
    assert problem(lambda: ines.pins.make(HERS, "occupation", REASON))[:2] == (
        422,
        "request-invalid",
    )


# --- refusing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "role", [StaffRole.OPERATOR, StaffRole.AUDITOR, StaffRole.PRIVACY_OFFICER, StaffRole.CLEARED]
)
def test_nobody_but_stewards_comes_through(office: Office, role: StaffRole) -> None:
    other = office.steward("olu", role)
    for ask in _everything(other, office.review):
        assert problem(ask)[:2] == (403, "not-in-scope")


def test_no_agency_comes_through(office: Office) -> None:
    with office.running.client(office.running.agency("cards", "licensing")) as agency:
        for ask in _everything(agency, office.review):
            assert problem(ask)[:2] == (403, "not-in-scope")


def _everything(client: HubClient, review: int) -> list[Callable[[], object]]:
    return [
        lambda: client.constituents.why(HERS, OTHER),
        lambda: client.constituents.query(HERS),
        lambda: client.constituents.as_of(HERS, datetime.now(UTC)),
        lambda: client.constituents.history(HERS),
        lambda: list(client.reviews.queue()),
        lambda: client.reviews.show(review),
        lambda: client.reviews.report_not_mine(HERS),
        lambda: client.reviews.claim(review),
        lambda: client.reviews.release(review),
        lambda: client.reviews.preview(review, "same", REASON),
        lambda: client.reviews.answer(review, "same", REASON, seen="any"),
        lambda: list(client.judgements.latest()),
        lambda: client.judgements.of(HERS),
        lambda: client.judgements.preview("same", HERS, OTHER, REASON),
        lambda: client.judgements.judge("same", HERS, OTHER, REASON, seen="any"),
        lambda: client.judgements.withdraw(UNISSUED),
        lambda: client.judgements.preview_split(HERS, [ALSO_HERS], REASON),
        lambda: client.judgements.split(HERS, [ALSO_HERS], REASON, seen="any"),
        lambda: client.pins.make(HERS, "name", REASON),
        lambda: client.pins.withdraw(HERS, "name"),
        lambda: client.pins.of(HERS),
    ]


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-22T09:00:00Z"]
)
def test_a_moment_at_which_there_was_nobody_is_no_failure_of_the_hub(
    office: Office, moment: str
) -> None:
    ines = office.steward()
    for body in ({"id": str(office.shelter.id_)}, {"record": {"source": "cards", "key": "1"}}):
        found = told(
            partial(
                ines._transport.send, "POST", "/v1/constituents/as-of", body=body | {"at": moment}
            )
        )
        assert found.status in (404, 422)


def test_what_is_malformed_is_told_by_field_and_rule(office: Office) -> None:
    ines = office.steward()
    for path, body in (
        ("/v1/why", {"left": {}, "right": {"id": str(UNISSUED)}}),
        (
            "/v1/constituents/query",
            {"record": {"source": "cards", "key": "1"}, "id": str(UNISSUED)},
        ),
        ("/v1/constituents/as-of", {"id": str(UNISSUED), "at": "2026-11-22T09:00:00"}),
        ("/v1/judgements/preview", {"verdict": "perhaps"}),
    ):
        found = told(partial(ines._transport.send, "POST", path, body=body))
        assert (found.status, found.name) == (422, "request-invalid"), path
        assert found.members["errors"]
