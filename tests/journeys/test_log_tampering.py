"""Whoever owns the tables can change the log, but not unseen: each way of doing so is found and named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.log.checkpoint import Checkpoint, sign
from consent.log.tree import RightEdge, leaf_hash
from hub.journeys.context import Hub
from hub.journeys.disclosure_log import log_key, origin_of
from hub.journeys.verify_log import verify_log
from hub.vault import keyring
from hub.vault.keyring import Purpose
from tests.conftest import Server
from tests.journeys.logged import LoggedHub, Owner

ENTRIES, SEALED_EVERY = 12, 4


@pytest.fixture
def logged(hub: Hub) -> LoggedHub:
    """Twelve entries, a checkpoint every four; all of it holds."""
    logged = LoggedHub(hub).filled(ENTRIES, sealed_every=SEALED_EVERY)
    assert logged.found() == []
    return logged


@pytest.fixture
def owner(server: Server, logged: LoggedHub) -> Owner:
    return Owner.of(server, logged.hub)


ENTRY_AT = "(SELECT disclosure_id FROM log_leaves WHERE number = {})"
FLIPPED = "set_byte({0}, {1}, get_byte({0}, {1}) # 1)"


@pytest.mark.parametrize(
    ("column", "byte", "found"),
    [
        pytest.param(
            "account",
            30,
            [("entry_not_of_its_leaf", 6), ("released_but_not_permitted", 6)],
            id="a letter of an agency",
        ),
        pytest.param(
            "account", 0, [("entry_not_of_its_leaf", 6), ("entry_unreadable", 6)], id="its form"
        ),
        pytest.param(
            "sealed_subject", 40, [("entry_unreadable", 6)], id="a byte of a sealed subject"
        ),
        pytest.param(
            "subject_digest",
            3,
            [("entry_not_of_its_leaf", 6), ("entry_unreadable", 6)],
            id="a byte of a commitment",
        ),
        pytest.param("subject_hash", 3, [("entry_unreadable", 6)], id="whose it is"),
    ],
)
def test_a_flipped_byte_is_found(
    logged: LoggedHub, owner: Owner, column: str, byte: int, found: list[tuple[str, int]]
) -> None:
    if column == "subject_hash":
        owner(
            "UPDATE disclosures SET subject_hash = (SELECT subject_hash FROM disclosures "
            f"WHERE id = {ENTRY_AT.format(7)}) WHERE id = {ENTRY_AT.format(6)}"
        )
    else:
        owner(
            f"UPDATE disclosures SET {column} = {FLIPPED.format(column, byte)} "
            f"WHERE id = {ENTRY_AT.format(6)}"
        )
    assert logged.found() == found


def test_a_flipped_leaf_is_found(logged: LoggedHub, owner: Owner) -> None:
    owner(f"UPDATE log_leaves SET leaf = {FLIPPED.format('leaf', 0)} WHERE number = 6")
    assert logged.found() == [("entry_not_of_its_leaf", 6), ("root_differs", 8)]


def test_a_deleted_entry_is_found(logged: LoggedHub, owner: Owner) -> None:
    owner(f"DELETE FROM disclosures WHERE id = {ENTRY_AT.format(6)}")
    assert logged.found() == [("leaf_without_entry", 6)]


def test_an_entry_deleted_with_its_leaf_is_found(logged: LoggedHub, owner: Owner) -> None:
    owner(f"DELETE FROM disclosures WHERE id = {ENTRY_AT.format(6)}")
    owner("DELETE FROM log_leaves WHERE number = 6")
    assert ("number_missing", 6) in logged.found()


def test_a_gap_that_was_closed_is_found(logged: LoggedHub, owner: Owner) -> None:
    owner(f"DELETE FROM disclosures WHERE id = {ENTRY_AT.format(6)}")
    owner("DELETE FROM log_leaves WHERE number = 6")
    for number in range(7, ENTRIES):
        owner("UPDATE log_leaves SET number = %s WHERE number = %s", number - 1, number)
    assert logged.found() == [("root_differs", 8), ("truncated", 12)]


def test_an_inserted_entry_is_found(logged: LoggedHub, owner: Owner) -> None:
    for number in reversed(range(6, ENTRIES)):
        owner("UPDATE log_leaves SET number = %s WHERE number = %s", number + 1, number)
    logged.ask(99)
    owner(
        "INSERT INTO log_leaves (number, disclosure_id, leaf) "
        "SELECT 6, disclosure_id, leaf FROM log_pending"
    )
    owner("DELETE FROM log_pending")
    assert logged.found() == [("root_differs", 8)]


def test_an_entry_put_in_once_more_is_found(logged: LoggedHub) -> None:
    logged.repeat(1)
    logged.seal()
    assert logged.found() == [("entry_repeated", 12)]


def test_an_entry_kept_out_of_the_tree_is_found(logged: LoggedHub, owner: Owner) -> None:
    logged.ask(99)
    assert logged.found() == []  # it only waits
    owner("DELETE FROM log_pending")
    assert logged.found() == [("entry_without_leaf", None)]


def test_two_rows_in_each_others_places_are_found(logged: LoggedHub, owner: Owner) -> None:
    for now, then in ((5, 99), (6, 5), (99, 6)):
        owner("UPDATE log_leaves SET number = %s WHERE number = %s", then, now)
    assert logged.found() == [("root_differs", 8)]


def test_two_leaves_with_each_others_entries_are_found(logged: LoggedHub, owner: Owner) -> None:
    [(left,)] = owner("SELECT disclosure_id FROM log_leaves WHERE number = 5")
    [(right,)] = owner("SELECT disclosure_id FROM log_leaves WHERE number = 6")
    for number, id_ in ((5, -1), (6, left), (5, right)):
        owner("UPDATE log_leaves SET disclosure_id = %s WHERE number = %s", id_, number)
    assert [kind for kind, _ in logged.found()] == ["entry_not_of_its_leaf"] * 2


def test_a_row_of_another_version_is_found(logged: LoggedHub, owner: Owner) -> None:
    """A whole entry exchanged for another genuine one of the same constituent, sealed under her key."""
    older, newer = logged.ask(50), logged.ask(50)
    logged.seal()
    owner(
        "UPDATE disclosures SET (account, subject_digest, sealed_subject) = (SELECT account, "
        "subject_digest, sealed_subject FROM disclosures WHERE id = %s) WHERE id = %s",
        older,
        newer,
    )
    assert logged.found() == [("entry_not_of_its_leaf", 13)]


def test_a_checkpoint_signed_with_another_key_is_found(logged: LoggedHub, owner: Owner) -> None:
    other = replace(logged.hub, keys=keyring.generate())
    forged = log_key(replace(other, log=replace(other.log, origin=origin_of(logged.hub))))
    checkpoint = Checkpoint(forged.name, ENTRIES, bytes(32))
    note = sign(checkpoint, signing_key(other))
    owner("UPDATE log_checkpoints SET note = %s WHERE size = %s", str(note), ENTRIES)
    assert logged.found() == [("checkpoint_not_signed_by_the_log", ENTRIES)]


def test_a_checkpoint_altered_under_its_signature_is_found(logged: LoggedHub, owner: Owner) -> None:
    owner("UPDATE log_checkpoints SET note = replace(note, E'\\n12\\n', E'\\n11\\n')")
    assert logged.found() == [("signature_false", 11)]


def test_a_log_verified_with_another_key_does_not_hold(logged: LoggedHub) -> None:
    other = replace(logged.hub, keys=keyring.generate())
    other = replace(other, log=replace(other.log, origin=origin_of(logged.hub)))
    kinds = {one.kind.value for one in verify_log(other).tree.findings}
    assert kinds == {"checkpoint_not_signed_by_the_log", "no_checkpoint"}


def signing_key(hub: Hub) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hub.keys.derive(Purpose.LOG_SIGNING))


def test_a_fork_of_two_signed_histories_is_found(logged: LoggedHub, owner: Owner) -> None:
    """A second history is signed with the log's own key, and the first one's checkpoint shown beside it."""
    leaves = [row[0] for row in owner("SELECT leaf FROM log_leaves ORDER BY number")]
    leaves[6] = bytes(32)
    edge, _ = RightEdge().extended(map(leaf_hash, leaves))
    fork = sign(Checkpoint(origin_of(logged.hub), edge.size, edge.root()), signing_key(logged.hub))
    assert logged.found([str(fork).encode()]) == [("fork", ENTRIES)]
    owner("UPDATE log_checkpoints SET note = %s WHERE size = 8", str(fork))
    assert ("fork", ENTRIES) in logged.found()


def test_a_log_cut_short_is_found_by_a_checkpoint_that_somebody_kept(
    logged: LoggedHub, owner: Owner
) -> None:
    [(kept,)] = owner("SELECT note FROM log_checkpoints WHERE size = 12")
    owner(
        "DELETE FROM disclosures WHERE id IN (SELECT disclosure_id FROM log_leaves WHERE number > 7)"
    )
    owner("DELETE FROM log_leaves WHERE number > 7")
    owner("DELETE FROM log_checkpoints WHERE size > 8")
    assert logged.found() == []
    assert logged.found([kept.encode()]) == [("truncated", 12)]


def test_a_log_without_any_checkpoint_does_not_hold(logged: LoggedHub, owner: Owner) -> None:
    owner("DELETE FROM log_checkpoints")
    assert logged.found() == [("no_checkpoint", None)]


def test_of_a_log_rewritten_throughout_a_thousand_findings_are_named_and_the_rest_counted(
    logged: LoggedHub, owner: Owner
) -> None:
    logged.repeat(1_100)
    logged.seal()
    owner(f"UPDATE disclosures SET account = {FLIPPED.format('account', 0)}")
    report = logged.verify()
    for findings, left_out in (
        (report.tree.findings, report.tree.findings_left_out),
        (report.findings, report.findings_left_out),
    ):
        assert len(findings) == 1_000
        assert left_out >= 1_112 - 1_000


# --- erasure -------------------------------------------------------------------------------------


def test_an_erased_constituent_leaves_a_log_that_holds(logged: LoggedHub) -> None:
    logged.ask(3)
    logged.restrict(3)
    logged.erase(3)
    assert logged.found() == []
    logged.seal()
    report = logged.verify()
    assert (report.holds, report.erased, report.erasures_logged) == (True, 2, 2)
    assert (report.replayed, report.not_replayable) == (ENTRIES - 1, 2)


def test_a_row_restored_over_its_erasure_is_found(logged: LoggedHub, owner: Owner) -> None:
    [entry] = owner(f"SELECT * FROM disclosures WHERE id = {ENTRY_AT.format(2)}")
    [key] = owner("SELECT * FROM subject_keys WHERE subject_hash = %s", entry[4])
    logged.erase(3)
    logged.seal()
    owner(
        "UPDATE disclosures SET sealed_subject = %s, subject_hash = %s WHERE id = %s",
        entry[3],
        entry[4],
        entry[0],
    )
    assert logged.found() == []  # without her key nobody can read it: it is as good as erased
    owner("INSERT INTO subject_keys VALUES (%s, %s)", *key)
    assert logged.found() == [("erasure_undone", 13), ("erased_not_as_logged", None)]
    owner("DELETE FROM log_checkpoints WHERE size < 13")
    logged.ask(1)
    assert logged.seal() == 14
    owner("DELETE FROM log_checkpoints WHERE size < 14")
    assert logged.found() == [("erasure_undone", 14), ("erased_not_as_logged", None)]


def test_a_row_blanked_without_an_erasure_is_found(logged: LoggedHub, owner: Owner) -> None:
    owner(
        "UPDATE disclosures SET sealed_subject = NULL, subject_hash = NULL "
        f"WHERE id = {ENTRY_AT.format(6)}"
    )
    assert logged.found() == [("erased_not_as_logged", None)]
    [finding] = logged.verify().findings
    assert finding.detail == "1 entries are erased, the log tells of 0"


def test_a_key_lost_without_an_erasure_is_found(logged: LoggedHub, owner: Owner) -> None:
    owner("DELETE FROM subject_keys")
    assert logged.found() == [("erased_not_as_logged", None)]
