"""Auditors over HTTP: the log held to its key, a proof, the export that verifies, policies, alarms."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection, connect

from consent.log.checkpoint import LogKey, open_checkpoint
from consent.log.proof import open_proof
from consent.log.verify import Key, check_export
from hub.access.scopes import StaffRole
from hub.client import HubClient, ProblemTold, RecordRef, Unreachable
from hub.journeys import disclosure_log
from hub.journeys.alarms import AlarmRule, list_alarms, raise_once
from hub.journeys.context import Hub
from hub.store.budgets import Counted
from tests.api.running import Served, served
from tests.conftest import Server
from tests.journeys.counters import Counter
from tests.journeys.logged import Owner
from tests.journeys.stewards import MARIA


@pytest.fixture
def running(modelled_hub: Hub) -> Iterator[Served]:
    counter = Counter(modelled_hub)
    counter.desk.push("parks:P1", MARIA)
    with served(modelled_hub) as found:
        yield found


@contextmanager
def staff(running: Served, *roles: StaffRole) -> Iterator[HubClient]:
    name = "-".join(role.value for role in roles)
    with running.client(running.staff(name, *roles)) as client:
        yield client


def look_up(running: Served) -> tuple[str, UUID]:
    identity = running.agency("parks", "licensing")
    with running.client(identity) as parks:
        answer = parks.look_up(RecordRef("parks", "P1"), ["name"], purpose="licensing", case="1")
    return identity.client_id, answer.disclosure


def problem(ask: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(ProblemTold) as caught:
        ask()
    return caught.value.status, caught.value.name


NOT_IN_SCOPE = (403, "not-in-scope")


def test_the_checkpoint_and_the_key_hold_the_hub_to_its_log(running: Served) -> None:
    with staff(running, StaffRole.AUDITOR) as ada:
        assert problem(ada.log.checkpoint) == (404, "not-found")
        look_up(running)
        disclosure_log.seal(running.hub, is_forced=True)
        key = LogKey.parse(ada.log.key())
        signed = open_checkpoint(ada.log.checkpoint().encode(), [key], key.name)
        assert signed.size == 1


def test_a_proof_is_had_by_a_clients_own_reference_and_for_the_cleared_alone(
    running: Served,
) -> None:
    client, reference = look_up(running)
    with staff(running, StaffRole.AUDITOR, StaffRole.CLEARED) as ada:
        key = LogKey.parse(ada.log.key())
        text = ada.log.prove_shown(client, reference)
        entry, signed = open_proof(text.encode(), [key], key.name)
        assert (signed.size, b'"outcome":"released"' in entry.account) == (1, True)
        assert ada.log.prove(1) == text
        not_found = (404, "not-found")
        assert problem(lambda: ada.log.prove(10**14)) == not_found
        assert problem(lambda: ada.log.prove_shown("vehicles-desk", reference)) == not_found
    with staff(running, StaffRole.AUDITOR) as uncleared:
        assert problem(lambda: uncleared.log.prove(1)) == NOT_IN_SCOPE
        assert problem(lambda: uncleared.log.prove(10**14)) == NOT_IN_SCOPE


def test_the_export_verifies_and_holds_whom_it_is_about_for_the_cleared_alone(
    running: Served,
) -> None:
    look_up(running)
    disclosure_log.seal(running.hub, is_forced=True)
    exported = {}
    for roles in ((StaffRole.AUDITOR,), (StaffRole.AUDITOR, StaffRole.CLEARED)):
        with staff(running, *roles) as ada:
            key = LogKey.parse(ada.log.key())
            content = b"".join(ada.log.export())
        report = check_export(content.splitlines(keepends=True), [Key(key.name, key.public)], ())
        assert (report.holds, report.rows, report.sealed) == (True, 1, 1)
        exported[len(roles)] = content
    whole: list[bytes] = []
    disclosure_log.export(running.hub, whole.append)
    assert exported[2] == b"".join(whole)
    assert b'"subject":' in exported[2]
    assert b'"subject":' not in exported[1]
    assert b'"subject_digest":' in exported[1]


def test_an_export_of_a_log_that_does_not_open_does_not_look_whole(
    running: Served, server: Server
) -> None:
    look_up(running)
    disclosure_log.seal(running.hub, is_forced=True)
    owner = Owner.of(server, running.hub)
    owner("UPDATE disclosures SET sealed_subject = sealed_subject || 'x'::bytea")
    with staff(running, StaffRole.AUDITOR, StaffRole.CLEARED) as ada:
        for _ in range(2):
            with pytest.raises(Unreachable, match="broke off"):
                b"".join(ada.log.export())


def test_one_export_is_made_at_a_time(running: Served, server: Server) -> None:
    made: list[bytes] = []
    with staff(running, StaffRole.AUDITOR) as ada:
        with connect(Owner.of(server, running.hub).url) as holding:
            # What it reads first, so that it is under way until this is let go.
            holding.execute("LOCK TABLE log_checkpoints")
            first = threading.Thread(target=lambda: made.extend(ada.log.export()))
            first.start()
            _until_somebody_waits(holding)
            with staff(running, StaffRole.AUDITOR, StaffRole.CLEARED) as other:
                assert problem(lambda: next(other.log.export())) == (409, "busy")
        first.join(timeout=20)
        assert b"".join(made).startswith(b'{"export"')
        assert b"".join(ada.log.export()) == b"".join(made)


def _until_somebody_waits(holding: Connection[Any]) -> None:
    ends_s = time.monotonic() + 20
    while not holding.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall():
        assert time.monotonic() < ends_s, "nobody waits for the lock"
        time.sleep(0.01)


def test_policy_versions_are_told_with_what_they_state(running: Served) -> None:
    with staff(running, StaffRole.AUDITOR) as ada:
        [one] = ada.log.policy_versions()
        assert (one.version, one.author) == (1, "ines")
        stated = ada.log.policy(1)
        assert stated.digest == one.digest
        assert {agency["id"] for agency in stated.policy["agencies"]} >= {"parks", "vehicles"}
        assert ada.log.policy(0).policy["agencies"] == []
        assert problem(lambda: ada.log.policy(2)) == (404, "not-found")
        assert problem(lambda: ada.log.policy(10**14)) == (404, "not-found")


def test_alarms_are_told_officers_and_auditors(running: Served) -> None:
    hub = running.hub
    for client, rule in (
        ("parks-desk", AlarmRule.TRYING_OUT),
        ("parks-desk", AlarmRule.BUDGET_NEARLY_SPENT),
        ("vehicles-desk", AlarmRule.TRYING_OUT),
    ):
        counted = Counted(client, hub.day_of(hub.now()), 200, 150, 120)
        raise_once(hub, rule, counted, lambda work: work())
    for role in (StaffRole.AUDITOR, StaffRole.PRIVACY_OFFICER):
        with staff(running, role) as reader:
            told = list(reader.alarms.every(limit=1))
            assert [one.number for one in told] == [one.number for one in list_alarms(hub).rows]
            assert {one.client for one in reader.alarms.every(client="parks-desk")} == {
                "parks-desk"
            }


@pytest.mark.parametrize(
    "role", [StaffRole.STEWARD, StaffRole.OPERATOR, StaffRole.PRIVACY_OFFICER, StaffRole.CLEARED]
)
def test_nobody_but_auditors_reads_the_log(running: Served, role: StaffRole) -> None:
    with staff(running, role) as other:
        _refused(other)
        if role is not StaffRole.PRIVACY_OFFICER:
            assert problem(lambda: list(other.alarms.every())) == NOT_IN_SCOPE


def test_no_agency_reads_the_log(running: Served) -> None:
    with running.client(running.agency("parks", "licensing")) as parks:
        _refused(parks)
        assert problem(lambda: list(parks.alarms.every())) == NOT_IN_SCOPE


def _refused(client: HubClient) -> None:
    for ask in (
        client.log.checkpoint,
        client.log.key,
        lambda: client.log.prove(1),
        lambda: list(client.log.export()),
        client.log.policy_versions,
        lambda: client.log.policy(1),
    ):
        assert problem(ask) == NOT_IN_SCOPE
