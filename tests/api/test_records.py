"""Rows pushed over HTTP: one, many, taken away; what is told of each, and what is not."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from secrets import token_hex
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.v1 import records
from connectors.source import Source
from consent.vocabulary import RestrictionKind
from hub.client import Arrival, HubClient, ProblemTold, RecordRef, RowAnswer
from hub.client.signing import proof_for
from hub.journeys.context import Hub
from hub.journeys.pushing import COLUMN_SETS_MAX, PushedRow, Pusher
from hub.journeys.registration import source_lock
from hub.store import database
from tests.api.running import Served, served
from tests.journeys.counters import Counter, restrict
from tests.journeys.live import COLUMNS, Row, partition, source
from tests.journeys.stewards import BIRK, MARIA, NOOR

NDJSON = "application/x-ndjson"
AGENCIES = ("parks", "vehicles")


def refusing(described: Source) -> Source:
    """The same source, whose contract refuses columns it does not name."""
    contract = described.contract.model_copy(update={"unknown_columns": "refuse"})
    return described.model_copy(update={"contract": contract})


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    return Counter(modelled_hub)


@pytest.fixture
def running(counter: Counter) -> Iterator[Served]:
    sources = {name: source(name) for name in AGENCIES}
    sources["strict"] = refusing(source("strict").model_copy(update={"agency": "parks"}))
    with served(replace(counter.hub, sources=sources)) as found:
        yield found


@pytest.fixture
def parks(running: Served) -> Iterator[HubClient]:
    with running.client(running.agency("parks", "licensing")) as client:
        yield client


@pytest.fixture
def vehicles(running: Served) -> Iterator[HubClient]:
    with running.client(running.agency("vehicles", "licensing")) as client:
        yield client


def row(key: str, values: Row, **more: Any) -> dict[str, Any]:
    return {"id": key, **values, **more}


def batch(client: HubClient, content: bytes, source: str = "parks") -> dict[str, Any]:
    """What a batch of just these bytes is answered."""
    answer = client._transport.send(
        "POST", f"/v1/sources/{source}/record-batches", content=content, media_type=NDJSON
    )
    said: dict[str, Any] = json.loads(answer.content)
    return said


def lines(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in rows)


# --- one row -------------------------------------------------------------------------------------


def test_a_row_is_taken_in_once_and_linked_when_the_answer_leaves(
    parks: HubClient, vehicles: HubClient, running: Served
) -> None:
    assert parks.records.push("parks", row("P1", MARIA)) is Arrival.NEW
    assert parks.records.push("parks", row("P1", MARIA)) is Arrival.UNCHANGED
    backwards = dict(reversed(row("P1", MARIA).items())) | {"shoe_size": 39}
    assert parks.records.push("parks", backwards) is Arrival.UNCHANGED
    moved = row("P1", MARIA, street="9 Alder St")
    assert parks.records.push("parks", moved) is Arrival.CHANGED
    assert vehicles.records.push("vehicles", row("D1", MARIA)) is Arrival.NEW
    assert len(partition(running.hub)) == 1


def test_the_answer_is_the_same_whoever_else_holds_her(
    parks: HubClient, vehicles: HubClient, running: Served
) -> None:
    """Nothing that is told hangs on another agency's records: not an id, not a count."""
    path = "/v1/sources/parks/records"
    alone = parks._transport.send("POST", path, body=row("P2", BIRK))
    vehicles.records.push("vehicles", row("D1", MARIA))
    restrict(running.hub, "vehicles:D1", RestrictionKind.AT_RISK)
    joining = parks._transport.send("POST", path, body=row("P1", MARIA))
    assert alone.content == joining.content == b'{"arrival":"new"}'
    assert len(partition(running.hub)) == 2
    unhinted = set(alone.headers) ^ set(joining.headers)
    assert not unhinted


def test_the_id_of_a_pushed_record_is_told_by_a_look_up(parks: HubClient) -> None:
    parks.records.push("parks", row("P1", MARIA))
    found = parks.look_up(RecordRef("parks", "P1"), ["name"], purpose="licensing", case="1")
    assert found.profile is not None
    again = parks.look_up(found.profile.id, ["name"], purpose="licensing", case="1")
    assert again.profile is not None
    assert again.profile.value("name") == "Maria Okafor"


@pytest.mark.parametrize(
    ("changed", "field", "rule"),
    [
        ({"id": " "}, "id", "key_missing"),
        ({"born": "31 Feb"}, "born", "date_unreadable"),
        ({"given": {"first": "Maria"}}, "given", "wrong_type"),
        ({"street": "x" * 66_000}, None, None),
    ],
)
def test_a_row_that_breaks_a_rule_is_told_by_field_and_rule_and_no_value(
    parks: HubClient, changed: dict[str, Any], field: str | None, rule: str | None
) -> None:
    with pytest.raises(ProblemTold) as told:
        parks.records.push("parks", row("P1", MARIA) | changed)
    if rule is None:
        assert (told.value.status, told.value.name) == (413, "body-too-large")
        return
    assert (told.value.status, told.value.name) == (422, "request-invalid")
    assert told.value.members["errors"] == [{"field": field, "rule": rule}]
    assert not [value for value in MARIA.values() if value in str(told.value.members)]


def test_a_contract_that_refuses_unknown_columns_refuses_them_by_name(parks: HubClient) -> None:
    with pytest.raises(ProblemTold) as told:
        parks.records.push("strict", row("P1", MARIA, shoe_size="39"))
    assert told.value.members["errors"] == [{"field": "shoe_size", "rule": "unknown_column"}]
    assert parks.records.push("strict", row("P1", MARIA)) is Arrival.NEW


@pytest.mark.parametrize("name", ["vehicles", "nowhere", "P1"])
def test_a_source_of_another_agency_is_as_unknown_as_one_that_is_not_there(
    parks: HubClient, name: str
) -> None:
    for call in (
        lambda: parks.records.push(name, row("D1", MARIA)),
        lambda: list(parks.records.push_all(name, [row("D1", MARIA)])),
        lambda: parks.records.remove(name, ["D1"]),
    ):
        with pytest.raises(ProblemTold) as told:
            call()
        assert told.value.status == 404
    with pytest.raises(ProblemTold) as other:
        parks.records.push("vehicles", {})
    with pytest.raises(ProblemTold) as none:
        parks.records.push("nowhere", {})
    assert other.value.members == none.value.members


def test_a_token_without_the_scope_and_staff_push_nothing(running: Served) -> None:
    identity = running.agency("parks", "licensing")
    with (
        running.client(identity, scope="profile:read") as reading,
        pytest.raises(ProblemTold) as told,
    ):
        reading.records.push("parks", row("P1", MARIA))
    assert (told.value.status, told.value.name) == (403, "not-in-scope")
    assert not partition(running.hub)


# --- batches -------------------------------------------------------------------------------------


def test_each_row_of_a_batch_is_told_of_and_a_rejected_one_stops_no_other(
    parks: HubClient, running: Served
) -> None:
    twice = b'{"id": "P4", "given": "Maria", "given": "Mary"}\n'
    content = (
        lines(row("P1", MARIA))
        + b"\n"
        + b'{"id": "P9", "given": Zenobia}\n'
        + b'["P9"]\n'
        + twice
        + lines(
            row("P2", BIRK, born="Zenobia"), row("", NOOR), row("P3", NOOR, street="x" * 70_000)
        )
        + b"\xff\xfe\n"
        + lines(row("P1", MARIA), row("P1", MARIA, street="9 Alder St"))
        + json.dumps(row("P5", NOOR)).encode()
        + b"\r\n"
    )
    said = batch(parks, content)
    told = [
        (one["row"], one.get("arrival") or one["rule"], one.get("field")) for one in said["rows"]
    ]
    assert told == [
        (1, "new", None),
        (2, "blank_line", None),
        (3, "not_json", None),
        (4, "not_object", None),
        (5, "duplicate_column", None),
        (6, "date_unreadable", "born"),
        (7, "key_missing", "id"),
        (8, "row_too_large", None),
        (9, "not_json", None),
        (10, "unchanged", None),
        (11, "changed", None),
        (12, "new", None),
    ]
    assert said["counts"] == {"new": 2, "rejected": 8, "unchanged": 1, "changed": 1}
    assert "Zenobia" not in json.dumps(said)
    assert len(partition(running.hub)) == 2


def test_an_empty_batch_is_answered_and_one_of_too_many_rows_refused_before_the_first(
    parks: HubClient, running: Served
) -> None:
    assert batch(parks, b"") == {"counts": {}, "rows": []}
    assert batch(parks, b"\n")["rows"] == [{"row": 1, "rule": "blank_line"}]
    with pytest.raises(ProblemTold) as rows:
        batch(parks, lines(row("P1", MARIA)) + b"{}\n" * records.ROWS_MAX)
    assert (rows.value.status, rows.value.detail) == (413, "1000 rows at most")
    with pytest.raises(ProblemTold) as kind:
        parks._transport.send(
            "POST", "/v1/sources/parks/record-batches", content=b"{}", media_type="text/plain"
        )
    assert (kind.value.status, kind.value.detail) == (415, NDJSON)
    assert not partition(running.hub)


def test_the_client_sends_any_number_of_rows_and_numbers_the_answers_as_they_were_given(
    parks: HubClient,
) -> None:
    rows = ({"id": "P1"} if number == 1_100 else {"born": "1"} for number in range(1, 1_202))
    answers = list(parks.records.push_all("parks", rows))
    assert [one.row for one in answers] == list(range(1, 1_202))
    assert answers[1_099] == RowAnswer(1_100, Arrival.NEW)
    assert {one.rule for one in answers} == {None, "key_missing"}


def test_a_batch_whose_caller_hangs_up_is_sent_again_and_ends_as_one_sent_once(
    running: Served,
) -> None:
    identity = running.agency("parks", "licensing")
    rows = [
        row(f"P{number}", MARIA, ssn="", email=f"m{number}@example.org") for number in range(60)
    ]
    with running.client(identity) as client:
        with _begun(running, client, lines(*rows), len(lines(*rows))):
            _await_records(running.hub, 1)
        answers = list(client.records.push_all("parks", rows))
        assert {one.arrival for one in answers} <= {Arrival.NEW, Arrival.UNCHANGED}
        assert answers[0].arrival is Arrival.UNCHANGED
        again = list(client.records.push_all("parks", rows))
    assert {one.arrival for one in again} == {Arrival.UNCHANGED}
    assert _count(running.hub) == 60


@contextmanager
def _begun(
    running: Served, client: HubClient, content: bytes, length: int
) -> Iterator[socket.socket]:
    """A connection over which a batch of so many bytes was announced, and these were sent; hung up at the end."""
    path = "/v1/sources/parks/record-batches"
    transport = client._transport
    token = transport.current_token()
    proof = proof_for(
        transport._identity.key, "POST", running.url + path, time.time(), token_hex(8), token
    )
    url = httpx.URL(running.url)
    with socket.create_connection((url.host, url.port or 80), timeout=10) as raw:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: hub\r\nAuthorization: DPoP {token}\r\nDPoP: {proof}\r\n"
            f"Content-Type: {NDJSON}\r\nContent-Length: {length}\r\n\r\n"
        )
        raw.sendall(head.encode() + content)
        yield raw


def test_a_batch_above_a_mebibyte_is_refused_by_its_announcement(
    parks: HubClient, running: Served
) -> None:
    with _begun(running, parks, lines(row("P1", MARIA)), 1024 * 1024 + 1) as raw:
        assert raw.recv(1_024).startswith(b"HTTP/1.1 413 ")
    assert not partition(running.hub)


def test_a_batch_that_is_cut_off_before_its_end_leaves_nothing(
    parks: HubClient, running: Served
) -> None:
    content = lines(row("P1", MARIA))
    with _begun(running, parks, content, len(content) + 1):
        pass
    # Behind it: a call that is answered was taken up after it.
    assert parks.records.push("parks", row("P2", BIRK)) is Arrival.NEW
    assert _count(running.hub) == 1


def _count(hub: Hub) -> int:
    with database.transaction(hub.engine) as connection:
        query = text("SELECT id FROM records WHERE removed_at IS NULL")
        return len(connection.scalars(query).all())


def _await_records(hub: Hub, count: int) -> None:
    ends_s = time.monotonic() + 20
    while _count(hub) < count:
        assert time.monotonic() < ends_s, "the batch was not begun"
        time.sleep(0.005)


# --- in others' way ------------------------------------------------------------------------------


def test_a_source_that_is_being_loaded_is_busy_and_says_when_to_come_again(
    parks: HubClient, running: Served
) -> None:
    parks.records.push("parks", row("P1", MARIA))
    key = source_lock(running.hub, "parks")
    with database.held_lock(running.hub.engine, database.LOCK_LOAD, key) as is_held:
        assert is_held
        for call in (
            lambda: parks.records.push("parks", row("P2", BIRK)),
            lambda: list(parks.records.push_all("parks", [row("P2", BIRK)])),
            lambda: parks.records.remove("parks", ["P1"]),
        ):
            with pytest.raises(ProblemTold) as told:
                call()
            assert (told.value.status, told.value.name, told.value.retry_after_s) == (
                409,
                "busy",
                1,
            )
    assert parks.records.push("parks", row("P2", BIRK)) is Arrival.NEW


def test_more_batches_than_a_process_takes_at_once_are_told_to_come_again(
    parks: HubClient,
) -> None:
    held = [records._batches.acquire(blocking=False) for _ in range(records.BATCHES_AT_ONCE)]
    try:
        assert all(held)
        with pytest.raises(ProblemTold) as told:
            batch(parks, lines(row("P1", MARIA)))
        assert (told.value.name, told.value.retry_after_s) == ("busy", 1)
        assert parks.records.push("parks", row("P1", MARIA)) is Arrival.NEW
    finally:
        for _ in held:
            records._batches.release()
    assert batch(parks, lines(row("P1", MARIA)))["counts"] == {"unchanged": 1}


# --- removing ------------------------------------------------------------------------------------


def test_records_go_at_their_agencys_word_and_going_twice_changes_nothing(
    parks: HubClient, vehicles: HubClient, running: Served
) -> None:
    vehicles.records.push("vehicles", row("P2", NOOR))
    list(parks.records.push_all("parks", [row("P1", MARIA), row("P2", BIRK)]))
    assert parks.records.remove("parks", ["P1", "absent"]) == [
        RowAnswer(1, Arrival.REMOVED),
        RowAnswer(2, rule="record_unknown"),
    ]
    assert parks.records.remove("parks", ["P1"]) == [RowAnswer(1, rule="record_unknown")]
    assert _count(running.hub) == 2
    assert parks.records.push("parks", row("P1", MARIA)) is Arrival.NEW


# --- columns -------------------------------------------------------------------------------------


def test_rows_in_ever_other_columns_keep_a_bounded_number_of_resolvers(modelled_hub: Hub) -> None:
    pusher = Pusher(modelled_hub, source("parks"))
    values = ("P1", *[None] * (len(COLUMNS) - 1))
    for number in range(COLUMN_SETS_MAX + 5):
        pusher.push(PushedRow(1, (*COLUMNS, f"more{number}"), (*values, "x")))
    assert len(pusher._resolvers) == COLUMN_SETS_MAX
    for number in range(50):
        pusher.push_members({"id": "P1", f"other{number}": "x"}, 1)
    assert len(pusher._resolvers) == COLUMN_SETS_MAX
