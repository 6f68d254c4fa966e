"""Budgets of look-ups: questions are counted and not hits, different ones end, and a day of trying out is told of."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import psycopg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import capture_logs

from hub.domain.records import ConstituentKind, ContactKind, ContactPoint, Name, RecordKey
from hub.journeys import budgets
from hub.journeys.alarms import MISSES_MIN, AlarmRule, list_alarms
from hub.journeys.asking import ByShown, LookUp, Whom
from hub.journeys.budgets import BudgetSpent, Spent, forget_old, missed, spend
from hub.journeys.claims import BornOn
from hub.journeys.context import Hub
from hub.journeys.describing import Description
from hub.journeys.disclosing import Asker
from hub.journeys.paging import PageInvalid
from hub.journeys.verify import Verify
from hub.store import database
from tests.conftest import Server, with_limits
from tests.journeys.counters import EVERYTHING
from tests.journeys.logged import Clock
from tests.journeys.stewards import Desk

PARKS = "parks booking"
ASKER = Asker("parks", "booking", "case 7")
TRYING_OUT, NEARLY_SPENT = AlarmRule.TRYING_OUT, AlarmRule.BUDGET_NEARLY_SPENT


def asking(whom: Whom) -> LookUp:
    return LookUp(ASKER, whom, "licensing", frozenset(), EVERYTHING)


def of_key(local_id: object) -> LookUp:
    return asking(RecordKey("parks", str(local_id)))


def claiming(*days: date) -> Verify:
    claims = tuple(BornOn(day) for day in days)
    return Verify(ASKER, RecordKey("parks", "1"), "licensing", claims, EVERYTHING)


def maria(phone: str, given: str = "Maria") -> LookUp:
    return asking(
        Description(
            ConstituentKind.PERSON,
            names=(Name(given_name=given, family_name="Okafor"),),
            contact_points=(ContactPoint(ContactKind.PHONE, phone),),
        )
    )


def at_once(work: Callable[[], None]) -> None:
    work()


def ask(hub: Hub, *questions: budgets.Question, client: str = PARKS) -> Spent:
    """The last one's answer."""
    return [spend(hub, client, one, beside=at_once) for one in questions][-1]


def counted(spent: Spent) -> tuple[int, int, int]:
    return spent.asked, spent.asked_distinct, spent.missed


# --- counted ---------------------------------------------------------------------------------------


def test_every_question_counts_and_a_different_one_twice(hub: Hub) -> None:
    assert counted(ask(hub, of_key(1), of_key(2), of_key(1))) == (3, 2, 0)
    missed(hub, PARKS)
    assert counted(ask(hub, of_key(1))) == (4, 2, 1)


def test_questions_are_the_same_where_they_ask_for_the_same(hub: Hub) -> None:
    same = [maria("(206) 555-0123"), maria("+1 206 555 0123", given="MARIA")]
    assert ask(hub, *same).asked_distinct == 1
    assert ask(hub, asking(ByShown(UUID(int=1))), asking(ByShown(UUID(int=2)))).asked_distinct == 3
    assert ask(hub, maria("206 555 0124")).asked_distinct == 4


def test_trying_claims_on_one_person_spends_the_budget(hub: Hub) -> None:
    days = [date(1984, 3, day) for day in range(1, 21)]
    assert ask(hub, *(claiming(day) for day in days)).asked_distinct == 20
    assert ask(hub, claiming(days[3])).asked_distinct == 20


def test_each_client_and_each_day_begins_anew(hub: Hub) -> None:
    clock = Clock(datetime(2026, 3, 1, 23, 59, tzinfo=UTC))
    hub = replace(hub, now=clock)
    assert counted(ask(hub, of_key(1), of_key(2))) == (2, 2, 0)
    assert counted(ask(hub, of_key(1), client="vehicles")) == (1, 1, 0)
    clock.move(minutes=1)
    assert counted(ask(hub, of_key(1))) == (1, 1, 0)


def test_counters_outlive_the_process(hub: Hub) -> None:
    ask(hub, of_key(1), of_key(2))
    missed(hub, PARKS)
    hub.engine.dispose()
    assert counted(ask(hub, of_key(2))) == (3, 2, 1)


# --- spent -----------------------------------------------------------------------------------------


def test_past_the_budget_a_new_question_is_refused_and_an_old_one_is_not(hub: Hub) -> None:
    hub = replace(hub, now=Clock(datetime(2026, 3, 1, 12, tzinfo=UTC)))
    hub = with_limits(hub, look_ups_distinct_per_day=3, time_zone="Europe/Tallinn")
    assert ask(hub, *map(of_key, range(3))).distinct_left == 0
    for new in (of_key("new"), of_key("newer"), of_key("new")):
        with pytest.raises(BudgetSpent) as refused:
            ask(hub, new)
        assert refused.value.resets_at == datetime(2026, 3, 1, 22, tzinfo=UTC)
    assert counted(ask(hub, of_key(1))) == (7, 3, 0)


def test_one_client_may_have_a_budget_of_its_own(hub: Hub) -> None:
    spend(hub, PARKS, of_key(1), distinct_max=1, beside=at_once)
    with pytest.raises(BudgetSpent):
        spend(hub, PARKS, of_key(2), distinct_max=1, beside=at_once)
    assert spend(hub, PARKS, of_key(2), distinct_max=2, beside=at_once).distinct_left == 0


def test_eight_connections_at_once_get_the_budget_and_not_one_more(hub: Hub) -> None:
    hub = with_limits(hub, look_ups_distinct_per_day=50)
    together = threading.Barrier(8)

    def client(number: int) -> set[str]:
        together.wait()
        let_through = set()
        for question in range(20):
            # Each question is asked by two of them.
            local_id = f"{number // 2}-{question}"
            try:
                ask(hub, of_key(local_id))
            except BudgetSpent:
                continue
            let_through.add(local_id)
        return let_through

    with ThreadPoolExecutor(8) as threads:
        let_through = set().union(*threads.map(client, range(8)))
    assert len(let_through) == 50
    assert counted(ask(hub, of_key(let_through.pop()))) == (161, 50, 0)


# --- kept, and not ---------------------------------------------------------------------------------


def test_nothing_of_whom_was_asked_for_rests_in_the_clear(hub: Hub) -> None:
    ask(hub, of_key("P-4711"), maria("206 555 0123"), claiming(date(1984, 3, 9)))
    clear = Desk(hub).rests_in_the_clear("P-4711", "okafor", "5550123", "1984-03-09")
    assert clear == []


def test_one_question_of_two_clients_or_days_cannot_be_told_for_one(hub: Hub) -> None:
    clock = Clock()
    hub = replace(hub, now=clock)
    ask(hub, of_key(1))
    ask(hub, of_key(1), client="vehicles")
    clock.move(days=1)
    ask(hub, of_key(1))
    assert count(hub, "look_up_questions") == 3
    with database.transaction(hub.engine) as connection:
        different = connection.scalar(
            text("SELECT count(DISTINCT question_hash) FROM look_up_questions")
        )
    assert different == 3


def count(hub: Hub, table: str) -> int:
    with database.transaction(hub.engine) as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_hashes_go_after_their_day_and_counters_after_thirty_five(hub: Hub) -> None:
    clock = Clock()
    hub = replace(hub, now=clock)
    ask(hub, of_key(1), of_key(2))
    clock.move(days=1)
    assert forget_old(hub) == 0
    clock.move(days=1)
    assert forget_old(hub) == 2
    clock.move(days=33)
    assert forget_old(hub) == 0
    assert count(hub, "look_up_budgets") == 1
    clock.move(days=1)
    assert forget_old(hub) == 1
    assert count(hub, "look_up_budgets") == 0


# --- alarms -----------------------------------------------------------------------------------------


def miss(hub: Hub, times: int, client: str = PARKS) -> None:
    for _ in range(times):
        missed(hub, client, beside=at_once)


def rules(hub: Hub) -> list[tuple[str, AlarmRule]]:
    return [(one.client, one.rule) for one in list_alarms(hub).rows]


def test_a_day_of_misses_is_told_of_once(hub: Hub) -> None:
    ask(hub, *map(of_key, range(MISSES_MIN + 5)))
    miss(hub, MISSES_MIN - 1)
    assert rules(hub) == []
    before = REGISTRY.get_sample_value("hub_look_up_alarms_total", {"rule": "trying_out"}) or 0
    with capture_logs() as logs:
        miss(hub, 5)
        # Another process has raised nothing yet, and asks the database.
        miss(replace(hub, kept=type(hub.kept)()), 2)
    [alarm] = list_alarms(hub).rows
    assert (alarm.client, alarm.rule, alarm.day) == (PARKS, TRYING_OUT, hub.day_of(hub.now()))
    assert (alarm.asked, alarm.asked_distinct, alarm.missed) == (105, 105, MISSES_MIN)
    [told] = logs
    assert (told["event"], told["log_level"], told["missed"]) == (
        "look_up_alarm",
        "warning",
        MISSES_MIN,
    )
    after = REGISTRY.get_sample_value("hub_look_up_alarms_total", {"rule": "trying_out"})
    assert after == before + 1


def test_an_office_that_finds_most_raises_nothing(hub: Hub) -> None:
    ask(hub, *[of_key(1)] * (2 * MISSES_MIN + 5))
    miss(hub, MISSES_MIN + 2)
    assert rules(hub) == []
    miss(hub, 1)
    assert rules(hub) == [(PARKS, TRYING_OUT)]


def test_a_budget_nearly_spent_is_told_of_before_it_is(hub: Hub) -> None:
    hub = with_limits(hub, look_ups_distinct_per_day=10)
    ask(hub, *map(of_key, range(7)))
    assert rules(hub) == []
    ask(hub, of_key(7))
    assert rules(hub) == [(PARKS, NEARLY_SPENT)]
    ask(hub, of_key(8), of_key(9))
    assert rules(hub) == [(PARKS, NEARLY_SPENT)]


def test_each_client_and_day_has_alarms_of_its_own_and_they_come_in_pages(hub: Hub) -> None:
    clock = Clock()
    hub = replace(with_limits(hub, look_ups_distinct_per_day=1), now=clock)
    for _ in range(3):
        for client in (PARKS, "vehicles"):
            ask(hub, of_key(1), client=client)
        clock.move(days=1)
    first = list_alarms(hub, limit=4)
    second = list_alarms(hub, limit=4, after=first.next)
    assert [len(page.rows) for page in (first, second)] == [4, 2]
    assert second.next is None
    numbers = [one.number for page in (first, second) for one in page.rows]
    assert numbers == sorted(numbers, reverse=True)
    assert len(list_alarms(hub, client="vehicles").rows) == 3
    with pytest.raises(PageInvalid):
        list_alarms(hub, limit=0)


def test_an_alarm_is_raised_beside_the_answer_and_not_before_it(hub: Hub) -> None:
    hub = with_limits(hub, look_ups_distinct_per_day=1)
    works: list[Callable[[], None]] = []
    assert spend(hub, PARKS, of_key(1), beside=works.append).asked == 1
    assert rules(hub) == []
    for work in works:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert rules(hub) == [(PARKS, NEARLY_SPENT)]


def test_by_itself_it_is_raised_by_a_thread(hub: Hub) -> None:
    hub = with_limits(hub, look_ups_distinct_per_day=1)
    spend(hub, PARKS, of_key(1))
    for thread in threading.enumerate():
        if thread.name == "alarm":
            thread.join()
    assert rules(hub) == [(PARKS, NEARLY_SPENT)]


def test_one_that_cannot_be_raised_is_tried_again_and_its_client_answered(
    hub: Hub, server: Server
) -> None:
    hub = with_limits(hub, look_ups_distinct_per_day=1)
    name = hub.engine.url.database or ""
    with psycopg.connect(server.urls(name).owner.replace("+psycopg", "")) as owner:
        owner.execute(
            "CREATE TRIGGER refused BEFORE INSERT ON alarms "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        owner.commit()
        with capture_logs() as logs:
            assert ask(hub, of_key(1)).asked == 1
        assert [one["event"] for one in logs] == ["look_up_alarm_not_raised"]
        owner.execute("DROP TRIGGER refused ON alarms")
    assert ask(hub, of_key(1)).asked == 2
    assert rules(hub) == [(PARKS, NEARLY_SPENT)]
