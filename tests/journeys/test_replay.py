"""Every decision the log tells of is made again from the facts of its moment, and a forged one is found."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from consent.decision import Facts
from consent.log.entry import Account, Outcome, Permitted, Subject
from consent.vocabulary import ConsentState, RestrictionKind
from hub.journeys.context import Hub
from hub.journeys.disclosing import About
from hub.journeys.facts import Point, hashes_of
from hub.journeys.policies import EMPTY, InForce
from hub.journeys.verify_log import verify_log
from hub.store import database, log
from tests.conftest import START, Server
from tests.consent.values import said
from tests.journeys.counters import BY_LAW, ON_CONSENT, C, Counter, restrict
from tests.journeys.logged import LoggedHub, Owner
from tests.journeys.stewards import BIRK, MARIA


@pytest.fixture
def logged(hub: Hub) -> LoggedHub:
    return LoggedHub(hub)


@pytest.fixture
def owner(server: Server, logged: LoggedHub) -> Owner:
    return Owner.of(server, logged.hub)


def findings(logged: LoggedHub) -> list[tuple[str, str]]:
    """Kind and detail of what replay found, once all is numbered and signed."""
    logged.seal()
    report = logged.verify()
    assert report.tree.holds
    return [(one.kind.value, one.detail) for one in report.findings]


# --- what holds ----------------------------------------------------------------------------------


def test_decisions_hold_whatever_has_changed_since(logged: LoggedHub) -> None:
    logged.ask(1)
    logged.restrict(1)
    logged.ask(1)
    logged.clock.move(days=1)
    logged.state(replace(BY_LAW, categories=frozenset({C.EXISTENCE, C.ADDRESS})))
    logged.ask(1)
    logged.ask(2, C.NAME, C.ADDRESS)
    assert findings(logged) == []
    assert logged.verify().replayed == 4


def test_look_ups_of_every_outcome_hold(modelled_hub: Hub) -> None:
    counter = Counter(modelled_hub)
    counter.desk.push("parks:P1", MARIA)
    counter.desk.push("vehicles:D1", MARIA)
    counter.desk.push("vehicles:D2", BIRK)
    counter.ask("parks:P1")
    counter.ask("parks:nobody")
    counter.ask("parks:P1", ())
    counter.ask("parks:P1", purpose="gossip")
    restrict(counter.hub, "vehicles:D2", RestrictionKind.AT_RISK)
    counter.ask("vehicles:D2")
    logged = LoggedHub(modelled_hub)
    logged.seal()
    report = verify_log(logged.hub)
    assert (report.holds, report.replayed) == (True, 5)


def test_whatever_happened_in_whatever_order_the_log_holds(logged: LoggedHub) -> None:
    chosen = random.Random(41)
    erased: set[int] = set()
    for _ in range(150):
        number = chosen.randrange(1, 12)
        logged.clock.move(seconds=chosen.randrange(120))
        act = chosen.randrange(12)
        if act == 0:
            logged.state(
                replace(BY_LAW, categories=frozenset({C.EXISTENCE, C(chosen.choice(list(C)))}))
            )
        elif act == 1 and number not in erased:
            logged.restrict(number, chosen.choice(list(RestrictionKind)))
        elif act == 2:
            logged.erase(number)
            erased.add(number)
        elif act == 3:
            logged.seal()
        elif act == 4:
            with database.transaction(logged.hub.engine) as connection:
                log.sequence(connection, chosen.randrange(1, 4))
        else:
            logged.ask(number, C.NAME, C(chosen.choice(list(C))))
    assert findings(logged) == []
    report = logged.verify()
    assert report.replayed > 40
    assert report.not_replayable >= report.erased > 0


def test_a_release_refused_by_who_asks_is_logged_with_what_would_have_been_permitted(
    logged: LoggedHub,
) -> None:
    logged.ask(outcome=Outcome.REFUSED)
    assert findings(logged) == []


def test_decisions_before_a_number_are_left_out_where_that_is_asked(logged: LoggedHub) -> None:
    logged.filled(5)
    assert verify_log(logged.hub, replay_from=3).replayed == 2


# --- forged past decide --------------------------------------------------------------------------


def unrestricted(facts: Facts) -> Facts:
    return replace(facts, restrictions=())


def consenting(facts: Facts) -> Facts:
    return replace(facts, consents=(said(ConsentState.GIVEN),))


#: An entry that says as little as an entry can; each test makes it say one thing more.
REFUSED = Account(
    action="look_up",
    outcome=Outcome.REFUSED,
    agency="parks",
    system="booking",
    purpose="licensing",
    decided_at=START,
    policy="p1",
)
NOBODY = Subject(reference=None, case_hash=None)
ASKED = {"on": "2026-11-22", "assurance": "1", "requested": "", "scope": ""}
PERMITTED = (Permitted("vehicles", "name", ("names",)),)


def test_a_release_that_a_restriction_forbade_is_found(logged: LoggedHub) -> None:
    logged.restrict(1)
    logged.ask(1, believing=unrestricted)
    assert findings(logged) == [("released_but_not_permitted", "vehicles existence, vehicles name")]


def test_a_release_on_a_consent_that_was_never_given_is_found(logged: LoggedHub) -> None:
    logged.state(BY_LAW, ON_CONSENT)
    logged.ask(1, C.HOLDING, held_by=frozenset({"benefits"}), believing=consenting)
    assert findings(logged) == [
        ("released_but_not_permitted", "benefits existence, benefits holding")
    ]


def test_a_release_under_an_agreement_that_never_was_is_found(logged: LoggedHub) -> None:
    wider = replace(BY_LAW, categories=frozenset(C), epoch=1)
    logged.ask(
        1,
        C.SENSITIVE_IDENTIFIER,
        believing=lambda facts: replace(facts, policy=replace(facts.policy, agreements=(wider,))),
    )
    assert findings(logged) == [
        ("released_but_not_permitted", "vehicles sensitive_identifier"),
    ]


def test_a_refusal_that_the_rules_do_not_give_is_found(logged: LoggedHub) -> None:
    logged.ask(
        1,
        believing=lambda facts: replace(facts, policy=replace(facts.policy, agreements=())),
    )
    assert findings(logged) == [("decided_otherwise", "")]


def test_a_release_of_nothing_is_found(logged: LoggedHub) -> None:
    logged.restrict(1)
    logged.ask(1, outcome=Outcome.RELEASED)
    assert findings(logged) == [("released_with_nothing_permitted", "")]


@pytest.mark.parametrize(
    ("account", "found"),
    [
        pytest.param(
            REFUSED, ("no_decision", "nothing to decide it again by"), id="no decision at all"
        ),
        pytest.param(
            replace(REFUSED, action="chat", outcome=Outcome.RELEASED, permitted=PERMITTED),
            ("no_decision", "nothing to decide it again by"),
            id="an action that nobody knows",
        ),
        pytest.param(
            replace(
                REFUSED,
                action="erase",
                outcome=Outcome.RELEASED,
                permitted=PERMITTED,
                reasons=("erased 0",),
            ),
            ("no_decision", "an act that releases"),
            id="a release under the name of an act",
        ),
        pytest.param(
            replace(REFUSED, action="erase", outcome=Outcome.DONE, reasons=("erased some",)),
            ("entry_unreadable", "an erasure that does not say of how many"),
            id="an erasure of nobody knows how many",
        ),
    ],
)
def test_an_entry_that_is_neither_a_decision_nor_a_plain_act_is_found(
    logged: LoggedHub, account: Account, found: tuple[str, str]
) -> None:
    logged.forge(account, NOBODY)
    assert findings(logged) == [found]


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param({}, id="nothing else"),
        pytest.param({**ASKED, "assurance": "9"}, id="an assurance that is none"),
        pytest.param({**ASKED, "requested": "everything"}, id="a category that is none"),
        pytest.param({**ASKED, "on": "1999-01-01"}, id="a day that is not its own"),
    ],
)
def test_an_entry_whose_request_cannot_be_told_is_found(
    logged: LoggedHub, inputs: dict[str, str]
) -> None:
    logged.forge(REFUSED, replace(NOBODY, inputs={"held_by": "", **inputs}))
    assert findings(logged) == [("entry_unreadable", "what a replay needs is missing or malformed")]


# --- the facts of the moment ---------------------------------------------------------------------


def forge(
    logged: LoggedHub,
    *points: Point,
    in_force: Callable[[InForce], InForce] = lambda found: found,
) -> None:
    """A release by law about constituent 1 that claims to have read these facts and this policy."""
    true = logged.in_force()
    read = points or (Point(hers(logged), 0),)
    with database.transaction(logged.hub.engine) as connection:
        logged.write(
            connection,
            believing=lambda _: Facts(true.policy, frozenset({"vehicles"})),
            about=About(read, None),
            in_force=in_force(true),
        )


def hers(logged: LoggedHub) -> bytes:
    return hashes_of(logged.hub.keys, [1])[1]


def test_an_epoch_that_was_never_reached_is_found(logged: LoggedHub) -> None:
    forge(logged, Point(hers(logged), 4))
    assert findings(logged) == [("epoch_never_reached", "")]


def test_a_release_by_the_facts_of_before_a_restriction_is_found(logged: LoggedHub) -> None:
    logged.restrict(1)
    logged.clock.move(minutes=5)
    forge(logged)
    assert findings(logged) == []  # within what two clocks and a waiting transaction may take
    logged.clock.move(seconds=1)
    forge(logged)
    assert findings(logged) == [("change_not_counted", "of her facts")]


def test_the_end_of_a_restriction_is_a_change_as_well(logged: LoggedHub, owner: Owner) -> None:
    logged.restrict(1)
    owner("UPDATE restrictions SET ended_epoch = 2, ended_at = recorded_at")
    owner("UPDATE subjects SET epoch = 2")
    logged.ask(1)
    assert findings(logged) == []
    logged.clock.move(minutes=6)
    forge(logged, Point(hers(logged), 1))
    assert [kind for kind, _ in findings(logged)] == [
        "change_not_counted",
        "released_but_not_permitted",
    ]


def test_a_release_by_somebody_elses_facts_is_found(logged: LoggedHub) -> None:
    other = hashes_of(logged.hub.keys, [2])[2]
    forge(logged, Point(hers(logged), 0, logged.clock()), Point(other, 0))
    assert findings(logged) == [("facts_of_its_subject_not_read", "")]


def test_a_release_about_nobody_is_found(logged: LoggedHub) -> None:
    with database.transaction(logged.hub.engine) as connection:
        logged.write(connection, about=None)
    assert findings(logged) == [("facts_of_its_subject_not_read", "")]


@pytest.mark.parametrize(
    ("minutes", "found"),
    [
        pytest.param(-6, [("decided_at_another_time", "")], id="before the checkpoint below it"),
        pytest.param(-4, [], id="within what clocks may differ before"),
        pytest.param(4, [], id="within what clocks may differ after"),
        pytest.param(6, [("decided_at_another_time", "")], id="after the checkpoint above it"),
    ],
)
def test_a_decision_said_to_have_been_made_at_another_time_is_found(
    logged: LoggedHub, minutes: int, found: list[tuple[str, str]]
) -> None:
    """Else a forger could go back to before a withdrawal, or on to when an agreement begins."""
    logged.filled(2)
    logged.clock.move(minutes=minutes)
    logged.ask(1)
    logged.clock.move(minutes=-minutes)
    assert findings(logged) == found


def test_a_policy_that_is_not_the_one_named_is_found(logged: LoggedHub) -> None:
    forge(logged, in_force=lambda found: replace(found, digest=bytes(32)))
    assert findings(logged) == [("policy_differs", "version 1")]


def test_a_policy_that_was_never_stated_is_found(logged: LoggedHub) -> None:
    forge(logged, in_force=lambda found: replace(found, version=9))
    assert findings(logged) == [("policy_never_stated", "")]


def test_a_release_by_the_policy_of_before_is_found(logged: LoggedHub) -> None:
    logged.state(BY_LAW)
    logged.clock.move(minutes=6)
    forge(logged, in_force=lambda _: EMPTY)
    assert [kind for kind, _ in findings(logged)] == [
        "change_not_counted",
        "released_but_not_permitted",
    ]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(
            "jsonb_set(document, '{agreements,0,citation}', '\"Other Act\"')", id="in one word"
        ),
        pytest.param("'{}'", id="beyond reading"),
    ],
)
def test_a_policy_altered_afterwards_is_found_though_its_digest_was_not(
    logged: LoggedHub, owner: Owner, document: str
) -> None:
    logged.ask(1)
    owner(f"UPDATE policies SET document = {document}")
    assert findings(logged) == [("policy_differs", "version 1")]


def test_a_fact_altered_afterwards_is_found(logged: LoggedHub, owner: Owner) -> None:
    logged.restrict(1)
    logged.ask(1)
    owner("UPDATE restrictions SET sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1)")
    assert findings(logged) == [("facts_unreadable", "")]


def test_a_restriction_deleted_afterwards_is_found_by_the_refusal_it_gave(
    logged: LoggedHub, owner: Owner
) -> None:
    logged.restrict(1)
    logged.ask(1)
    owner("DELETE FROM restrictions")
    assert findings(logged) == [("decided_otherwise", "")]


def test_facts_that_were_erased_make_a_decision_not_replayable(
    logged: LoggedHub, owner: Owner
) -> None:
    """Of a former id that is: what was said under it counts for who its records went to."""
    other = hashes_of(logged.hub.keys, [2])[2]
    logged.restrict(2)
    forge(logged, Point(hers(logged), 0), Point(other, 1, logged.clock()))
    owner("DELETE FROM subject_keys WHERE subject_hash = %s", other)
    assert findings(logged) == [("facts_unreadable", "")]
    logged.erase(2)
    assert findings(logged) == []
    assert logged.verify().not_replayable == 1
