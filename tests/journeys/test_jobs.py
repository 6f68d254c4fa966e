"""Background work: put in with its cause, done by a worker on the real queue, safe to be done twice."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import capture_logs

from hub.domain.errors import TooManyRejected
from hub.domain.events import EventKind
from hub.domain.jobs import Job
from hub.domain.records import ConstituentKind
from hub.journeys import catching_up, housekeeping
from hub.journeys.context import Hub
from hub.journeys.jobs import ATTEMPTS_MAX, forget_ended, leave, queue_facts, take_up
from hub.journeys.load import load_sources
from hub.journeys.matchable import look_again
from hub.journeys.policy_changes import (
    PolicyMoved,
    end_agreement,
    load_policy,
    suspend_agency,
)
from hub.journeys.registration import register_source
from hub.store import database, jobs, outbox
from hub.worker import WorkReport
from tests.conftest import START, Server, clock
from tests.journeys.live import (
    YAML,
    assert_as_batch,
    assert_identities_hold,
    batch_engine,
    partition,
)
from tests.journeys.policy_values import SAYS
from tests.journeys.queued import QueueOwner, once, put, queued
from tests.journeys.stewards import BIRK as BIRK_ROW
from tests.journeys.stewards import MARIA as MARIA_ROW
from tests.journeys.stewards import Desk
from tests.journeys.test_matchable import matching, policy_of
from tests.worlds import BIRK, MARIA, NOOR, source_from, write_drivers

PERSON = ConstituentKind.PERSON
BOTH = policy_of(matching("card_act", "cards"), matching("permit_act", "permits"))


@pytest.fixture
def owner(server: Server, hub: Hub) -> QueueOwner:
    return QueueOwner.of(server, hub)


def events(hub: Hub) -> list[str]:
    """The kinds of event that are numbered; nothing is numbered by asking."""
    with database.transaction(hub.engine) as connection:
        return [event.kind.value for event in outbox.read(connection, 0, 1_000)]


# --- put in with its cause -----------------------------------------------------------------------


def test_a_job_is_there_if_its_transaction_commits_and_only_then(hub: Hub) -> None:
    class Failed(Exception):
        pass

    with suppress(Failed), database.transaction(hub.engine) as connection:
        jobs.defer(connection, Job.REMATCH, kind=PERSON)
        raise Failed
    assert queued(hub) == []
    with database.transaction(hub.engine) as connection:
        jobs.defer(connection, Job.REMATCH, kind=PERSON)
        assert queued(hub) == [], "others do not see it before the commit"
    assert queued(hub, "todo") == [("rematch", {"kind": "person"})]


def test_a_job_is_deferred_in_the_round_trips_of_a_change_too(hub: Hub) -> None:
    with database.open_transaction(hub.engine) as connection, database.pipelined(connection):
        database.begin(connection)
        jobs.defer(connection, Job.SEQUENCE)
        database.commit(connection)
    assert queued(hub, "todo") == [("sequence", {})]


def test_a_job_is_told_numbers_ids_and_kinds_and_no_text(hub: Hub) -> None:
    some_id = uuid.uuid4()
    put(hub, Job.REMATCH, kind=PERSON, id=some_id, number=7)
    assert queued(hub) == [("rematch", {"kind": "person", "id": str(some_id), "number": 7})]
    with pytest.raises(TypeError, match=r"^name: a job is told numbers, ids and kinds"):
        put(hub, Job.REMATCH, name="Maria Okafor")  # type: ignore[arg-type]
    assert len(queued(hub)) == 1


# --- after a load --------------------------------------------------------------------------------


def test_a_load_that_stored_something_leaves_a_job_that_links_it(
    modelled_hub: Hub, tmp_path: Path
) -> None:
    load_sources(modelled_hub, [write_drivers(tmp_path, [MARIA, BIRK, NOOR])])
    assert queued(modelled_hub, "todo") == [("resolve_pending", {"kind": "person"})]
    assert partition(modelled_hub) == set()

    assert once(modelled_hub) == WorkReport(done=1)
    assert queued(modelled_hub, "succeeded") == [("resolve_pending", {"kind": "person"})]
    assert sorted(map(len, partition(modelled_hub))) == [1, 1, 1]
    with batch_engine() as engine:
        assert_as_batch(modelled_hub, engine)
    assert_identities_hold(modelled_hub)


def test_a_load_that_brought_nothing_new_leaves_no_job_and_one_that_removed_leaves_one(
    modelled_hub: Hub, tmp_path: Path
) -> None:
    load_sources(modelled_hub, [write_drivers(tmp_path, [MARIA, BIRK])])
    once(modelled_hub)
    load_sources(modelled_hub, [write_drivers(tmp_path, [MARIA, BIRK])])
    assert queued(modelled_hub, "todo") == []
    load_sources(modelled_hub, [write_drivers(tmp_path, [MARIA])])
    assert queued(modelled_hub, "todo") == [("resolve_pending", {"kind": "person"})]
    once(modelled_hub)
    assert len(partition(modelled_hub)) == 1


def test_what_a_failed_load_committed_is_linked_too(modelled_hub: Hub, tmp_path: Path) -> None:
    bad = [row.replace("1984-03-09", "some day") for row in (MARIA,)]
    more = [f"{MARIA.replace('D1', f'X{n}').replace('1984-03-09', 'soon')}" for n in range(3)]
    with pytest.raises(TooManyRejected):
        load_sources(modelled_hub, [write_drivers(tmp_path, [BIRK, *bad, *more])])
    assert queued(modelled_hub, "todo") == [("resolve_pending", {"kind": "person"})]
    once(modelled_hub)
    assert len(partition(modelled_hub)) == 1


def test_done_twice_it_changes_nothing_more(modelled_hub: Hub, tmp_path: Path) -> None:
    load_sources(modelled_hub, [write_drivers(tmp_path, [MARIA, BIRK])])
    once(modelled_hub)
    before = Desk(modelled_hub).dump()
    for job in (Job.RESOLVE_PENDING, Job.RESOLVE_PENDING):
        put(modelled_hub, job, kind=PERSON)
    assert once(modelled_hub) == WorkReport(done=2)
    assert Desk(modelled_hub).dump() == before


def test_more_than_are_quick_one_by_one_are_linked_by_a_batch(
    modelled_hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "ONE_BY_ONE_MAX", 2)
    load_sources(modelled_hub, [write_drivers(tmp_path, [MARIA, BIRK, NOOR])])
    once(modelled_hub)
    with database.transaction(modelled_hub.engine) as connection:
        kinds = connection.scalars(text("SELECT kind FROM runs ORDER BY id")).all()
    assert kinds == ["load", "link person"]
    assert len(partition(modelled_hub)) == 3


def test_no_model_is_trained_in_the_background(hub: Hub, tmp_path: Path) -> None:
    load_sources(hub, [write_drivers(tmp_path, [MARIA, BIRK])])
    put(hub, Job.REMATCH, kind=PERSON)
    assert once(hub) == WorkReport(done=2)
    with database.transaction(hub.engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM models")) == 0
    assert partition(hub) == set()


# --- after a change of the policy ----------------------------------------------------------------


@pytest.fixture
def desk(modelled_hub: Hub) -> Desk:
    """Two agencies hold Maria, and both may be matched."""
    made = Desk(modelled_hub)
    made.push("cards:1", MARIA_ROW)
    made.push("cards:2", BIRK_ROW)
    load_policy(made.hub, BOTH, **SAYS)
    made.push("permits:1", MARIA_ROW)
    assert made.together("cards:1", "permits:1")
    assert queued(made.hub) == []
    return made


def test_an_agreements_end_leaves_a_job_that_sets_its_records_apart(desk: Desk) -> None:
    maria = desk.id_of("cards:1")
    end_agreement(desk.hub, "permit_act", **SAYS)
    assert queued(desk.hub, "todo") == [("rematch", {"kind": "person"})]
    assert desk.together("cards:1", "permits:1"), "releases stop at once, linking is a job"

    assert once(desk.hub) == WorkReport(done=1)
    assert not desk.together("cards:1", "permits:1")
    assert desk.id_of("cards:1") == maria
    with batch_engine() as engine:
        assert_as_batch(desk.hub, engine)
    assert_identities_hold(desk.hub)


def test_what_an_agreement_lets_be_matched_anew_is_linked_by_a_job(desk: Desk) -> None:
    end_agreement(desk.hub, "permit_act", **SAYS)
    once(desk.hub)
    load_policy(desk.hub, policy_of(BOTH.agreements[0], matching("new_act", "permits")), **SAYS)
    assert queued(desk.hub, "todo") == [("rematch", {"kind": "person"})]
    once(desk.hub)
    assert desk.together("cards:1", "permits:1")


def test_a_change_that_turns_no_source_leaves_no_job(desk: Desk) -> None:
    load_policy(desk.hub, policy_of(*BOTH.agreements, matching("third_act", "permits")), **SAYS)
    suspend_agency(desk.hub, "permits", **SAYS)
    assert queued(desk.hub) == [], "a suspension stops releases, not matching"
    assert desk.together("cards:1", "permits:1")


def test_a_refused_change_leaves_no_job(desk: Desk) -> None:
    with pytest.raises(PolicyMoved):
        load_policy(desk.hub, policy_of(BOTH.agreements[0]), seen=0, **SAYS)
    load_policy(desk.hub, policy_of(BOTH.agreements[0]), is_preview=True, **SAYS)
    assert queued(desk.hub) == []


def test_a_source_that_is_registered_as_another_agencys_is_matched_by_its_agreements(
    desk: Desk,
) -> None:
    described = source_from(
        YAML.format(name="permits", duplicate_free="false").replace(
            "agency: permits", "agency: parks"
        )
    )
    register_source(desk.hub, described)
    assert queued(desk.hub, "todo") == [("rematch", {"kind": "person"})]
    once(desk.hub)
    assert not desk.together("cards:1", "permits:1")


def test_days_that_pass_are_looked_at_by_housekeeping(desk: Desk) -> None:
    ends = matching("short_act", "permits", ends_on=START.date())
    load_policy(desk.hub, policy_of(BOTH.agreements[0], ends), **SAYS)
    assert queued(desk.hub) == []
    later = replace(desk.hub, now=clock(START + timedelta(days=1)))
    put(later, Job.HOUSEKEEPING)
    assert once(later) == WorkReport(done=2), "housekeeping, and the job it put in"
    assert not desk.together("cards:1", "permits:1")
    assert look_again(later) == 0


# --- the feed, and what is old -------------------------------------------------------------------


def test_the_feed_is_numbered_without_a_reader(desk: Desk) -> None:
    assert events(desk.hub) == []
    put(desk.hub, Job.SEQUENCE)
    once(desk.hub)
    assert EventKind.CREATED.value in events(desk.hub)


def test_ended_jobs_go_after_their_time_and_no_other(hub: Hub, owner: QueueOwner) -> None:
    for _ in range(3):
        put(hub, Job.SEQUENCE)
    once(hub)
    waiting = put(hub, Job.SEQUENCE)
    owner("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = 2")
    assert forget_ended(hub) == 0
    owner("UPDATE procrastinate_events SET at = at - interval '8 days'")
    assert forget_ended(hub) == 2, "the done ones; what failed is kept for longer"
    owner("UPDATE procrastinate_events SET at = at - interval '30 days'")
    assert forget_ended(hub) == 1
    assert owner("SELECT id FROM procrastinate_jobs") == [(waiting,)]
    assert owner("SELECT DISTINCT job_id FROM procrastinate_events") == [(waiting,)]


def test_no_hook_of_housekeeping_keeps_another_from_its_work(hub: Hub) -> None:
    done: list[str] = []

    def fail(_: Hub) -> int:
        raise ValueError("of Maria Okafor")

    def go_on(_: Hub) -> int:
        done.append("second")
        return 1

    with pytest.raises(ExceptionGroup) as caught:
        housekeeping.keep_house(hub, {"first": fail, "second": go_on})
    assert done == ["second"]
    assert [type(error) for error in caught.value.exceptions] == [ValueError]
    assert set(housekeeping.keep_house(hub)) == set(housekeeping.HOOKS)


# --- failures ------------------------------------------------------------------------------------


def refuse(owner: QueueOwner, table: str) -> None:
    """Make the database refuse rows of a table in words that name somebody."""
    owner(
        "CREATE OR REPLACE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'of Maria Okafor'; END $$"
    )
    owner(
        f"CREATE TRIGGER refused BEFORE INSERT ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_row()"
    )


def test_a_job_that_fails_is_tried_again_later_and_nothing_tells_a_value(
    modelled_hub: Hub,
    server: Server,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner = QueueOwner.of(server, modelled_hub)
    load_sources(modelled_hub, [write_drivers(tmp_path, [MARIA])])
    refuse(owner, "links")
    before = REGISTRY.get_sample_value("hub_jobs_failed_total", {"job": "resolve_pending"}) or 0
    with capture_logs() as told:
        assert once(modelled_hub) == WorkReport(failed=1)
    [failure] = [one for one in told if one["event"] == "job_failed"]
    assert (failure["job"], failure["kind"], failure["attempt"]) == (
        "resolve_pending",
        "RaiseException",
        1,
    )
    assert any("resolve.py" in place for place in failure["places"])
    stored = owner("SELECT j::text FROM procrastinate_jobs j")
    stored += owner("SELECT e::text FROM procrastinate_events e")
    shown = capfd.readouterr()
    for place in (told, stored, shown.out, shown.err, caplog.text):
        assert "Maria" not in str(place)
        assert "Okafor" not in str(place)
    assert REGISTRY.get_sample_value("hub_jobs_failed_total", {"job": "resolve_pending"}) == (
        before + 1
    )

    [(status, attempts, wait_s)] = owner(
        "SELECT status::text, attempts, extract(epoch FROM scheduled_at - now()) "
        "FROM procrastinate_jobs"
    )
    assert (status, attempts) == ("todo", 1)
    assert 0 < wait_s <= 4
    assert once(modelled_hub) == WorkReport(), "its time has not come"
    owner("DROP TRIGGER refused ON links")
    owner("UPDATE procrastinate_jobs SET scheduled_at = now()")
    assert once(modelled_hub) == WorkReport(done=1)
    assert len(partition(modelled_hub)) == 1


def test_a_job_is_given_up_after_so_many_attempts_and_counted(
    modelled_hub: Hub, server: Server, tmp_path: Path
) -> None:
    owner = QueueOwner.of(server, modelled_hub)
    load_sources(modelled_hub, [write_drivers(tmp_path, [MARIA])])
    refuse(owner, "links")
    attempts = 0
    while queued(modelled_hub, "todo"):
        owner("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'")
        attempts += once(modelled_hub).failed
    assert attempts == ATTEMPTS_MAX
    assert queue_facts(modelled_hub).failed == 1


def test_the_facts_tell_how_many_wait_since_when(hub: Hub, owner: QueueOwner) -> None:
    facts = queue_facts(hub)
    assert (facts.waiting, facts.oldest_s, facts.failed) == (0, 0, 0)
    put(hub, Job.SEQUENCE)
    put(hub, Job.SEQUENCE)
    owner("UPDATE procrastinate_events SET at = at - interval '90 s' WHERE job_id = 1")
    owner("UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 h' WHERE id = 2")
    facts = queue_facts(hub)
    assert facts.waiting == 2
    assert 90 <= facts.oldest_s < 150


# --- workers that died ---------------------------------------------------------------------------


def states(owner: QueueOwner) -> list[tuple[int, str, int]]:
    """Number, state and attempts of each job."""
    return owner("SELECT id, status::text, attempts FROM procrastinate_jobs ORDER BY id")


def test_only_what_silent_workers_have_in_hand_is_taken_up(hub: Hub, owner: QueueOwner) -> None:
    dead, live, waiting = (put(hub, Job.REMATCH, number=n) for n in range(3))
    owner.let_begin(dead)
    owner.silence(45)
    owner.let_begin(live)
    taken = take_up(hub)
    assert (taken.again, taken.given_up) == (1, 0)
    assert states(owner) == [(dead, "todo", 1), (live, "doing", 0), (waiting, "todo", 0)]
    assert take_up(hub).again == 0


def test_what_a_worker_left_that_ended_is_taken_up_at_once(hub: Hub, owner: QueueOwner) -> None:
    number = put(hub, Job.REMATCH, number=1)
    owner.let_begin(number)
    [(worker_id,)] = owner("SELECT id FROM procrastinate_workers")
    assert take_up(hub).again == 0
    leave(hub, worker_id)
    assert take_up(hub).again == 1


def test_a_job_that_kills_its_workers_is_given_up(hub: Hub, owner: QueueOwner) -> None:
    number = put(hub, Job.REMATCH, number=1)
    owner.let_begin(number, attempts=ATTEMPTS_MAX - 1)
    owner.silence(45)
    taken = take_up(hub)
    assert (taken.again, taken.given_up) == (0, 1)
    assert states(owner) == [(number, "failed", ATTEMPTS_MAX)]


def test_however_many_take_up_at_once_each_job_is_put_back_once(
    hub: Hub, owner: QueueOwner
) -> None:
    numbers = [put(hub, Job.REMATCH, number=n) for n in range(20)]
    for number in numbers:
        owner.let_begin(number)
    owner.silence(45)
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: take_up(hub).again, range(8)))
    assert sum(taken) == len(numbers)
    assert states(owner) == [(number, "todo", 1) for number in numbers]


def test_a_worker_takes_up_what_a_dead_one_left_and_does_it(
    modelled_hub: Hub, server: Server, tmp_path: Path
) -> None:
    load_sources(modelled_hub, [write_drivers(tmp_path, [MARIA, BIRK])])
    owner = QueueOwner.of(server, modelled_hub)
    owner.let_begin(1)
    owner.silence(45)
    assert once(modelled_hub) == WorkReport(done=1)
    assert states(owner) == [(1, "succeeded", 2)]
    assert len(partition(modelled_hub)) == 2
    assert owner("SELECT count(*) FROM procrastinate_workers") == [(0,)]
