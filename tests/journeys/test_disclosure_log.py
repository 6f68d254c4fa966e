"""The disclosure log grows: every committed entry gets one leaf, whoever numbers, and what is signed stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from consent.log import verify
from consent.log.checkpoint import LogKey, open_checkpoint
from consent.log.entry import EntryInvalid
from consent.log.proof import open_proof
from hub.domain.errors import LogBroken
from hub.journeys import disclosure_log
from hub.journeys.context import Hub, LogSettings
from hub.journeys.disclosure_log import (
    CHECKPOINT_ENTRIES,
    CheckpointUnwritable,
    DisclosureUnknown,
    Sealed,
    seal,
    sequence_all,
)
from hub.store import database, log
from tests.conftest import Server
from tests.journeys.logged import LoggedHub, Owner


@pytest.fixture
def logged(hub: Hub) -> LoggedHub:
    return LoggedHub(hub)


@pytest.fixture
def owner(server: Server, logged: LoggedHub) -> Owner:
    return Owner.of(server, logged.hub)


def with_log(logged: LoggedHub, **changes: Any) -> LoggedHub:
    logged.hub = replace(logged.hub, log=replace(logged.hub.log, **changes))
    return logged


# --- numbered ------------------------------------------------------------------------------------


def test_entries_are_numbered_in_the_order_they_were_written_and_wait_no_more(
    logged: LoggedHub,
) -> None:
    ids = [logged.ask(number) for number in range(1, 6)]
    assert sequence_all(logged.hub) == 5
    assert logged.leaves() == list(enumerate(ids))
    assert logged.one("SELECT count(*) FROM log_pending") == 0
    assert sequence_all(logged.hub) == 0


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 64])
def test_however_the_tree_grew_it_is_the_same_tree(logged: LoggedHub, batch: int) -> None:
    for number in range(23):
        logged.ask(number)
    numbered = batch
    while numbered == batch:
        with database.transaction(logged.hub.engine) as connection:
            numbered = log.sequence(connection, batch)
    assert logged.seal() == 23
    assert logged.verify().holds


def test_an_entry_of_a_slow_writer_is_numbered_when_it_commits_and_none_is_lost(
    logged: LoggedHub,
) -> None:
    with database.transaction(logged.hub.engine) as connection:
        slow = logged.write(connection, 1)
        quick = logged.ask(2)
        sequence_all(logged.hub)
        assert logged.leaves() == [(0, quick)]
    sequence_all(logged.hub)
    assert logged.leaves() == [(0, quick), (1, slow)]


def test_what_is_rolled_back_leaves_neither_entry_nor_leaf(logged: LoggedHub) -> None:
    with database.transaction(logged.hub.engine) as going:
        logged.write(going)
        going.rollback()
    assert sequence_all(logged.hub) == 0
    assert logged.one("SELECT count(*) FROM disclosures") == 0


def test_a_sequencer_that_dies_half_way_leaves_nothing_half_done(logged: LoggedHub) -> None:
    for number in range(5):
        logged.ask(number)
    with database.transaction(logged.hub.engine) as going:
        assert log.sequence(going) == 5
        going.rollback()
    assert logged.leaves() == []
    assert logged.one("SELECT count(*) FROM log_pending") == 5
    assert logged.seal() == 5
    assert logged.verify().holds


@pytest.mark.parametrize("sqlstate", ["P0001", "53100"], ids=["a trigger raises", "disk full"])
def test_an_entry_that_cannot_be_written_fails_whole(
    logged: LoggedHub, owner: Owner, sqlstate: str
) -> None:
    owner(
        "CREATE FUNCTION refuse_entry() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$"
    )
    owner(
        "CREATE TRIGGER refused BEFORE INSERT ON log_pending "
        "FOR EACH ROW EXECUTE FUNCTION refuse_entry()"
    )
    with pytest.raises((psycopg.Error, DBAPIError)):
        logged.ask()
    assert logged.one("SELECT count(*) FROM disclosures") == 0
    assert logged.one("SELECT count(*) FROM log_pending") == 0


# --- checkpoints ---------------------------------------------------------------------------------


def opened(logged: LoggedHub, sealed: Sealed | None) -> tuple[int, tuple[str, ...]]:
    assert sealed is not None
    key = disclosure_log.log_key(logged.hub)
    checkpoint = open_checkpoint(str(sealed.note).encode(), [key], key.name)
    return checkpoint.size, checkpoint.extensions


def test_the_first_checkpoint_is_signed_at_once_and_of_no_entries_if_there_are_none(
    logged: LoggedHub,
) -> None:
    assert opened(logged, seal(logged.hub)) == (0, ())
    assert logged.verify().holds


def test_a_checkpoint_waits_for_its_time_unless_it_is_asked_for(logged: LoggedHub) -> None:
    seal(logged.hub)
    logged.ask()
    logged.clock.move(seconds=59)
    assert seal(logged.hub) is None
    assert opened(logged, seal(logged.hub, is_forced=True)) == (1, ())
    logged.ask()
    logged.clock.move(seconds=60)
    assert opened(logged, seal(logged.hub)) == (2, ())


def test_a_thousand_entries_are_sealed_at_once(logged: LoggedHub) -> None:
    seal(logged.hub)
    logged.ask()
    logged.repeat(CHECKPOINT_ENTRIES - 2)
    assert seal(logged.hub) is None
    logged.ask()
    assert opened(logged, seal(logged.hub)) == (CHECKPOINT_ENTRIES, ())


def test_nothing_is_signed_where_nothing_is_new(logged: LoggedHub) -> None:
    logged.filled(3)
    logged.clock.move(hours=1)
    assert seal(logged.hub) is None
    assert seal(logged.hub, is_forced=True) is None


def test_an_erasure_is_signed_though_the_tree_did_not_grow(logged: LoggedHub) -> None:
    logged.filled(3)
    logged.erase(2)
    assert opened(logged, seal(logged.hub, is_forced=True)) == (4, ("erased 1",))


def test_the_log_is_named_by_its_root_key_or_as_its_operator_says(logged: LoggedHub) -> None:
    digits = logged.hub.keys.fingerprint().hex()[:8]
    assert disclosure_log.log_key(logged.hub).name == f"constituent-hub/{digits}"
    named = replace(logged.hub, log=LogSettings(origin="hub.example/log"))
    key = disclosure_log.log_key(named)
    assert key.name == "hub.example/log"
    assert LogKey.parse(str(key)) == key


def test_nothing_is_signed_under_another_name_after_the_first(logged: LoggedHub) -> None:
    logged.filled(2)
    logged.ask()
    with_log(logged, origin="hub.example/other")
    with pytest.raises(LogBroken, match="of_another_log"):
        seal(logged.hub, is_forced=True)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        pytest.param(
            "UPDATE log_leaves SET leaf = sha256(leaf) WHERE number = 4",
            "first 5 leaves are not those",
            id="a leaf on the edge was altered",
        ),
        pytest.param(
            "UPDATE log_nodes SET hash = sha256(hash) WHERE level = 2",
            "first 5 leaves are not those",
            id="a node was altered",
        ),
        pytest.param(
            "DELETE FROM log_leaves WHERE number = 4", "4 leaves are here, 5", id="cut short"
        ),
        pytest.param("DELETE FROM log_nodes WHERE level = 2", "no node 0 of level 2", id="no node"),
    ],
)
def test_two_checkpoints_that_contradict_each_other_are_never_signed(
    logged: LoggedHub, owner: Owner, damage: str, reason: str
) -> None:
    logged.filled(5)
    owner(damage)
    logged.erase(1)
    owner("DELETE FROM log_pending")
    with pytest.raises(LogBroken, match=reason):
        seal(logged.hub, is_forced=True)
    assert logged.one("SELECT count(*) FROM log_checkpoints") == 1


def test_each_checkpoint_is_also_kept_in_a_folder_and_none_is_replaced(
    logged: LoggedHub, tmp_path: Path
) -> None:
    with_log(logged, checkpoint_dir=tmp_path).filled(4, sealed_every=2)
    kept = sorted(tmp_path.iterdir())
    assert [file.name for file in kept] == [
        "000000000000002-0.checkpoint",
        "000000000000004-0.checkpoint",
    ]
    assert logged.verify([file.read_bytes() for file in kept]).tree.checkpoints == 4


def test_a_checkpoint_whose_commit_failed_is_signed_again_just_so(
    logged: LoggedHub, owner: Owner, tmp_path: Path
) -> None:
    with_log(logged, checkpoint_dir=tmp_path).filled(3)
    [file] = tmp_path.iterdir()
    content = file.read_bytes()
    owner("DELETE FROM log_checkpoints")
    assert logged.seal() == 3
    assert logged.one("SELECT note FROM log_checkpoints") == content.decode()
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [content]


def test_a_database_set_back_to_a_backup_signs_nothing_beside_what_was_kept(
    logged: LoggedHub, owner: Owner, tmp_path: Path
) -> None:
    with_log(logged, checkpoint_dir=tmp_path).filled(4, sealed_every=2)
    for statement in (
        "DELETE FROM log_leaves WHERE number > 1",
        "DELETE FROM log_nodes WHERE level > 1 OR position > 0",
        "DELETE FROM log_checkpoints WHERE size > 2",
    ):
        owner(statement)
    for reason in ("3 leaves are here, 4 were", "first 4 leaves are not", "first 4 leaves are not"):
        logged.ask(9)
        with pytest.raises(LogBroken, match=reason):
            logged.seal()
    assert len(list(tmp_path.iterdir())) == 2


def test_nothing_is_signed_beside_a_file_that_is_no_checkpoint_of_this_log(
    logged: LoggedHub, tmp_path: Path
) -> None:
    (tmp_path / "000000000000001-0.checkpoint").write_text("another")
    with_log(logged, checkpoint_dir=tmp_path)
    logged.ask()
    with pytest.raises(LogBroken, match=r"checkpoint does not hold .no_final_newline"):
        logged.seal()
    assert logged.one("SELECT count(*) FROM log_checkpoints") == 0


def test_nothing_is_signed_while_the_folder_takes_nothing(
    logged: LoggedHub, tmp_path: Path
) -> None:
    with_log(logged, checkpoint_dir=tmp_path / "absent")
    logged.ask()
    with pytest.raises(CheckpointUnwritable, match="cannot be written"):
        logged.seal()
    assert logged.one("SELECT count(*) FROM log_checkpoints") == 0


# --- shown ---------------------------------------------------------------------------------------


def test_a_proof_holds_for_who_has_the_key_alone(logged: LoggedHub) -> None:
    logged.filled(6)
    id_ = logged.ask(9)
    text = str(disclosure_log.prove(logged.hub, id_)).encode()
    key = disclosure_log.log_key(logged.hub)
    entry, checkpoint = open_proof(text, [key], key.name)
    assert checkpoint.size == 7
    account, _ = verify.check_proof(text, [verify.Key(key.name, key.public)], key.name)
    assert account.encode() == entry.account


def test_there_is_no_proof_of_what_was_erased_or_never_written(logged: LoggedHub) -> None:
    id_ = logged.ask()
    logged.erase(1)
    with pytest.raises(EntryInvalid, match="erased"):
        disclosure_log.prove(logged.hub, id_)
    with pytest.raises(DisclosureUnknown):
        disclosure_log.prove(logged.hub, id_ + 99)


def test_an_export_is_checked_by_the_auditors_file_alone(logged: LoggedHub) -> None:
    logged.filled(7, sealed_every=3)
    logged.erase(2)
    logged.seal()
    logged.ask()  # still pending: no part of the log yet
    lines: list[bytes] = []
    assert disclosure_log.export(logged.hub, lines.append) == 8
    key = disclosure_log.log_key(logged.hub)
    report = verify.check_export(lines, [verify.Key(key.name, key.public)])
    assert (report.holds, report.rows, report.erased, report.sealed) == (True, 8, 1, 8)
