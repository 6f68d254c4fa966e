"""What a constituent is told: what is held and why it is hers, who looked and under which law; what she may correct."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from consent.log.entry import Account, Outcome
from consent.policy import Clearance
from consent.vocabulary import RestrictionKind
from hub.domain.errors import RecordUnknown
from hub.journeys.context import Hub
from hub.journeys.judge import judge, list_of, withdraw
from hub.journeys.objection import object_to_linkage
from hub.journeys.profile import show_profile
from hub.journeys.rights.corrections import (
    Answer,
    CorrectionInvalid,
    CorrectionUnknown,
    answer,
    list_corrections,
    propose,
)
from hub.journeys.rights.held import held
from hub.journeys.rights.requests import RequestUnexplained, RightsRequest
from hub.journeys.rights.who_looked import PageInvalid, Use, who_looked
from tests.journeys.counters import C, Counter, restrict
from tests.journeys.opened import everything, finds
from tests.journeys.stewards import BIRK, MARIA, NOOR, SAME, WHO

P1, D1, D2 = "parks:P1", "vehicles:D1", "vehicles:D2"
ASKED = RightsRequest("case 12", by="olga")


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    """Maria has an account with parks and a licence with vehicles; Birk only a licence."""
    counter = Counter(modelled_hub)
    counter.desk.push(P1, MARIA, email="boat.owner@heron.example")
    counter.desk.push(D1, MARIA)
    counter.desk.push(D2, BIRK)
    return counter


# --- what is held ----------------------------------------------------------------------------------


def test_every_source_s_own_values_are_told_and_not_the_profile_s(counter: Counter) -> None:
    found = held(counter.hub, P1, ASKED)
    emails = {
        one.agency: [point.value for point in one.record.contact_points] for one in found.records
    }
    assert emails == {"parks": ["boat.owner@heron.example"], "vehicles": ["maria@example.org"]}
    assert [one.record.key.local_id for one in found.records] == ["P1", "D1"]
    assert found.id == counter.desk.id_of(P1)


def test_why_a_record_is_hers_is_told_in_words_without_weights(counter: Counter) -> None:
    first, second = held(counter.hub, P1, ASKED).records
    assert first.linked_because == (
        "It is the oldest of these records: the others are compared with it.",
    )
    agrees, differs, enough = second.linked_because
    assert agrees.startswith("It agrees with the oldest record in: ")
    assert "national id" in agrees
    assert "email" in differs
    assert enough == "Together that is enough to hold the two for records of one constituent."
    assert "bits" not in " ".join(second.linked_because)


def test_what_staff_judged_and_she_objected_to_is_told_without_what_they_wrote(
    counter: Counter,
) -> None:
    counter.desk.push("parks:P2", NOOR)
    counter.desk.same(P1, "parks:P2")
    object_to_linkage(counter.hub, D1, **WHO)
    found = held(counter.hub, P1, ASKED)
    [judgement] = found.judgements
    assert (judgement.verdict, judgement.withdrawn_at) == ("same", None)
    assert any(
        f"decided that they are yours (judgement {judgement.number})" in sentence
        for sentence in found.records[1].linked_because
    )
    [apart] = held(counter.hub, D1, ASKED).objections
    assert (apart.source, apart.withdrawn_at) == ("vehicles", None)
    assert "Quist" not in str(found)


def test_restrictions_are_told_and_a_legal_hold_is_not(counter: Counter) -> None:
    restrict(counter.hub, P1, RestrictionKind.AT_RISK, Clearance(agency="parks"))
    restrict(counter.hub, P1, RestrictionKind.LEGAL_HOLD)
    [told] = held(counter.hub, P1, ASKED).restrictions
    assert (told.kind, told.authority) == (RestrictionKind.AT_RISK, "court order 12")


def test_the_id_each_agency_knows_her_by_is_told(counter: Counter) -> None:
    shown = counter.profile(P1).id
    [told] = held(counter.hub, D1, ASKED).shown_to
    assert (told.agency, told.pairwise_id) == ("parks", shown)


def test_nothing_of_anybody_else_is_told(counter: Counter) -> None:
    assert "Lindqvist" not in str(held(counter.hub, P1, ASKED))


def test_her_view_is_an_entry_of_the_log_by_the_officer_s_pseudonym(counter: Counter) -> None:
    found = held(counter.hub, P1, ASKED)
    last = counter.entries()[-1]
    account = Account.from_bytes(last.account)
    assert (last.id, account.action, account.agency) == (found.entry, "own_view", "constituent")
    assert (account.purpose, account.outcome) == ("rights_fulfilment", Outcome.RELEASED)
    assert {(one.source, one.category) for one in account.permitted} >= {
        ("parks", "contact"),
        ("vehicles", "sensitive_identifier"),
    }
    assert account.user is not None
    assert b"olga" not in last.account


def test_a_request_says_its_case_and_who_meets_it() -> None:
    for case, by in (("", "olga"), ("case 12", " ")):
        with pytest.raises(RequestUnexplained):
            RightsRequest(case, by)


# --- who looked ------------------------------------------------------------------------------------


def looked(counter: Counter, reference: str = P1) -> list[Use]:
    """Who looked, the look itself left out."""
    return list(who_looked(counter.hub, reference, ASKED).uses[1:])


def test_a_look_tells_when_who_why_what_and_under_which_law(counter: Counter) -> None:
    answer_ = counter.ask(P1, (C.NAME, C.SENSITIVE_IDENTIFIER))
    [use] = looked(counter)
    assert use.entry == answer_.disclosure
    assert (use.action, use.outcome) == ("look_up", Outcome.RELEASED)
    assert (use.agency, use.system, use.purpose) == ("parks", "booking", "licensing")
    assert use.user is not None
    assert "clerk" not in use.user
    name = next(one for one in use.released if (one.source, one.category) == ("vehicles", "name"))
    assert (name.agreement, name.revision) == ("licensing_act", 1)
    assert name.legal_basis is not None
    assert name.legal_basis.startswith("https://w3id.org/dpv/")
    assert name.citation
    assert ("vehicles", "sensitive_identifier") in {
        (one.source, one.category) for one in use.withheld
    }


def test_refused_attempts_are_told_and_nothing_as_released(counter: Counter) -> None:
    restrict(counter.hub, P1, RestrictionKind.AT_RISK)
    counter.ask(D1)
    [use] = looked(counter)
    assert use.outcome is Outcome.REFUSED
    assert use.released == ()
    assert use.withheld


def test_her_own_views_are_told_too_and_the_newest_comes_first(counter: Counter) -> None:
    counter.ask(P1)
    held(counter.hub, D1, RightsRequest("case 13"))
    page = who_looked(counter.hub, P1, ASKED)
    assert [one.action for one in page.uses] == ["own_log", "own_view", "look_up"]
    assert [one.agency_label for one in page.uses[:2]] == ["the constituent"] * 2
    assert page.uses[1].user is None


def test_a_page_has_a_total_an_offset_and_a_limit(counter: Counter) -> None:
    for _ in range(4):
        counter.ask(P1)
    page = who_looked(counter.hub, P1, ASKED, offset=1, limit=2)
    assert (page.total, page.offset, len(page.uses)) == (5, 1, 2)
    assert page.uses[0].entry > page.uses[1].entry
    for offset, limit in ((-1, 10), (0, 0), (0, 1_001)):
        with pytest.raises(PageInvalid):
            who_looked(counter.hub, P1, ASKED, offset=offset, limit=limit)


def test_pages_by_entry_show_each_use_once_though_each_page_is_a_use(counter: Counter) -> None:
    for _ in range(5):
        counter.ask(P1)
    first = who_looked(counter.hub, P1, ASKED, limit=3)
    second = who_looked(counter.hub, P1, ASKED, after=first.next, limit=3)
    third = who_looked(counter.hub, P1, ASKED, after=second.uses[-1].entry, limit=3)
    uses = [*first.uses, *second.uses]
    assert [one.action for one in uses] == ["own_log", *["look_up"] * 5]
    assert len({one.entry for one in uses}) == 6
    assert (second.total, second.next, third.uses) == (7, None, ())


def test_looks_at_others_are_not_hers(counter: Counter) -> None:
    counter.ask(D2)
    assert looked(counter) == []


def test_looks_follow_records_also_where_an_id_passes_to_somebody_else(counter: Counter) -> None:
    counter.desk.push("parks:P2", NOOR)
    noors_id = counter.desk.id_of("parks:P2")
    before = counter.ask("parks:P2").disclosure
    counter.desk.same("parks:P2", D1)
    while_together = counter.ask("parks:P2").disclosure
    [act] = {one.act_id for one in list_of(counter.hub, "parks:P2")}
    withdraw(counter.hub, act, author="ines")
    after = counter.ask("parks:P2").disclosure
    # Maria's record was at home in it last, so Noor's former id is hers now.
    assert show_profile(counter.hub, str(noors_id)).id == counter.desk.id_of(D1)
    hers = {one.entry for one in looked(counter, D1)}
    noors = {one.entry for one in looked(counter, "parks:P2")}
    assert while_together in hers
    assert {before, while_together, after} <= noors
    assert hers.isdisjoint({before, after})


def test_restrictions_and_consents_follow_records_as_looks_do(counter: Counter) -> None:
    counter.desk.push("parks:P2", NOOR)
    restrict(counter.hub, "parks:P2", RestrictionKind.AT_RISK)
    judge(counter.hub, SAME, "parks:P2", D1, is_cleared=True, **WHO)
    [act] = {one.act_id for one in list_of(counter.hub, "parks:P2", is_cleared=True)}
    withdraw(counter.hub, act, author="ines", is_cleared=True)
    assert held(counter.hub, D1, ASKED).restrictions == ()
    assert [one.kind for one in held(counter.hub, "parks:P2", ASKED).restrictions] == [
        RestrictionKind.AT_RISK
    ]


def test_looks_from_when_a_record_since_removed_was_alone_stay_hers(counter: Counter) -> None:
    entry = counter.ask(P1).disclosure
    counter.desk.remove(P1)
    assert entry in {one.entry for one in looked(counter, D1)}


# --- correct ---------------------------------------------------------------------------------------


def proposed(counter: Counter, **changes: str) -> int:
    said = {"field": "addresses", "proposed": "419 Heron Ln", "reason": "It is next door"}
    said |= changes
    return propose(
        counter.hub,
        D1,
        field=said["field"],
        proposed=said["proposed"],
        reason=said["reason"],
        request=ASKED,
    )


def test_a_proposal_waits_for_the_agency_that_owns_the_record_and_for_no_other(
    counter: Counter,
) -> None:
    number = proposed(counter)
    [waiting] = list_corrections(counter.hub, "vehicles")
    assert (waiting.number, str(waiting.record), waiting.field) == (number, D1, "addresses")
    assert (waiting.proposed, waiting.reason) == ("419 Heron Ln", "It is next door")
    assert list_corrections(counter.hub, "parks") == []


def test_an_answer_reaches_her_with_its_note_and_changes_no_record(counter: Counter) -> None:
    number = proposed(counter)
    before = held(counter.hub, P1, ASKED).records
    answer(counter.hub, "vehicles", number, Answer.DECLINED, note="It is 418 on the deed", by="tom")
    assert list_corrections(counter.hub, "vehicles") == []
    found = held(counter.hub, P1, ASKED)
    [told] = found.corrections
    assert (told.answer, told.note) == (Answer.DECLINED, "It is 418 on the deed")
    assert found.records == before
    assert len(list_corrections(counter.hub, "vehicles", is_all=True)) == 1


def test_a_proposal_is_answered_once_and_by_its_agency(counter: Counter) -> None:
    number = proposed(counter)
    for agency, wrong in (("parks", number), ("vehicles", number + 1)):
        with pytest.raises(CorrectionUnknown):
            answer(counter.hub, agency, wrong, Answer.ACCEPTED, note="yes", by="tom")
    answer(counter.hub, "vehicles", number, Answer.ACCEPTED, note="yes", by="tom")
    with pytest.raises(CorrectionUnknown, match="answered already"):
        answer(counter.hub, "vehicles", number, Answer.DECLINED, note="no", by="tom")


def test_what_a_proposal_or_an_answer_lacks_is_named(counter: Counter) -> None:
    for changes in ({"field": "key"}, {"proposed": " "}, {"reason": ""}):
        with pytest.raises(CorrectionInvalid, match=next(iter(changes))):
            proposed(counter, **changes)
    with pytest.raises(RecordUnknown):
        propose(
            counter.hub,
            "vehicles:D9",
            field="names",
            proposed="x",
            reason="y",
            request=ASKED,
        )
    with pytest.raises(CorrectionInvalid, match="note"):
        answer(counter.hub, "vehicles", 1, Answer.ACCEPTED, note=" ", by="tom")


def test_proposals_and_notes_rest_sealed_and_stay_with_the_record(counter: Counter) -> None:
    number = proposed(counter)
    answer(counter.hub, "vehicles", number, Answer.ACCEPTED, note="Ottilie will do it", by="tom")
    assert counter.desk.rests_in_the_clear("419 Heron Ln", "next door", "Ottilie") == []
    assert finds(everything(counter.hub), "419 Heron Ln")
    counter.desk.split(P1, D1)
    assert len(held(counter.hub, D1, ASKED).corrections) == 1
    assert held(counter.hub, P1, ASKED).corrections == ()


def test_times_are_told_in_utc(counter: Counter) -> None:
    counter.ask(P1)
    [use] = looked(counter)
    assert use.at.tzinfo is UTC
    assert use.at > datetime(2026, 11, 22, tzinfo=UTC)
