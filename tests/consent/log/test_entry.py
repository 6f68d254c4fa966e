from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given

from consent.log.entry import (
    Account,
    Entry,
    EntryInvalid,
    Outcome,
    Permitted,
    Subject,
    commitment,
    subject_digest,
    write,
)
from tests.consent.log.logs import accounts, nonces, subjects

ACCOUNT = Account(
    action="lookup",
    outcome=Outcome.REFUSED,
    agency="parks",
    system="bookings",
    purpose="licensing",
    decided_at=datetime(2026, 11, 25, 9, 0, tzinfo=UTC),
    policy="p1",
)
SUBJECT = Subject(reference=None, case_hash=None, epochs={"b": 1, "a": 2})
NONCE = bytes(range(32))
LEAF_BY_SHA256SUM = "e6d4f763536c8c5e25a79bdd266184998bce4f0fb02ed29f3a608d2cffe1b97c"


@given(accounts)
def test_an_account_is_read_back_as_it_was_written(account: Account) -> None:
    assert Account.from_bytes(account.to_bytes()) == account


@given(subjects)
def test_a_subject_part_is_read_back_as_it_was_written(subject: Subject) -> None:
    assert Subject.from_bytes(subject.to_bytes()) == subject


@given(accounts, subjects)
def test_the_bytes_are_those_of_the_standard_library(account: Account, subject: Subject) -> None:
    for content in (account.to_bytes(), subject.to_bytes()):
        said = json.loads(content)
        plain = json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        assert content == plain.encode()


@given(accounts, accounts, subjects, subjects, nonces)
def test_different_entries_have_different_leaves(
    account: Account, other: Account, subject: Subject, another: Subject, nonce: bytes
) -> None:
    leaf = write(account, subject, nonce).commitment
    assert (write(other, subject, nonce).commitment == leaf) == (other == account)
    assert (write(account, another, nonce).commitment == leaf) == (another == subject)


@given(accounts, subjects, nonces)
def test_erasure_keeps_the_leaf_and_takes_subject_and_nonce(
    account: Account, subject: Subject, nonce: bytes
) -> None:
    entry = write(account, subject, nonce)
    gone = entry.erased()
    assert gone.commitment == entry.commitment
    assert gone.is_erased
    assert (gone.subject, gone.nonce, gone.account) == (None, None, entry.account)


def test_the_same_subject_cannot_be_recognised_in_two_entries() -> None:
    one, two = write(ACCOUNT, SUBJECT, NONCE), write(ACCOUNT, SUBJECT, bytes(32))
    assert one.subject_digest != two.subject_digest


def test_the_bytes_are_the_ones_written_down() -> None:
    assert ACCOUNT.to_bytes() == (
        b'{"action":"lookup","agency":"parks","agreement":null,'
        b'"decided_at":"2026-11-25T09:00:00.000000Z","outcome":"refused",'
        b'"permitted":[],"policy":"p1","purpose":"licensing","reasons":[],"system":"bookings",'
        b'"user":null,"version":1,"withheld":[]}'
    )
    assert SUBJECT.to_bytes() == (
        b'{"case_hash":null,"epochs":{"a":2,"b":1},"inputs":{},"reference":null,"version":1}'
    )
    assert write(ACCOUNT, SUBJECT, NONCE).commitment.hex() == LEAF_BY_SHA256SUM


def test_one_instant_has_one_form_in_every_zone() -> None:
    west = ACCOUNT.decided_at.astimezone(timezone(timedelta(hours=-5)))
    assert replace(ACCOUNT, decided_at=west).to_bytes() == ACCOUNT.to_bytes()


def test_an_entry_does_not_show_its_subject_when_printed() -> None:
    printed = repr(write(ACCOUNT, replace(SUBJECT, reference="p-77"), NONCE))
    assert "p-77" not in printed
    assert repr(NONCE) not in printed


@pytest.mark.parametrize(
    ("rule", "write_it"),
    [
        pytest.param(
            "time zone",
            lambda: replace(ACCOUNT, decided_at=datetime(2026, 1, 1)),  # noqa: DTZ001
            id="a time without a zone",
        ),
        pytest.param(
            "out of range",
            lambda: replace(ACCOUNT, permitted=(Permitted("a", "b", (), "c", 2**53),)),
            id="a number other readers would round",
        ),
        pytest.param(
            "out of range", lambda: replace(SUBJECT, epochs={"a": -1}), id="a negative epoch"
        ),
        pytest.param(
            "printable ASCII", lambda: replace(SUBJECT, inputs={"ä": ""}), id="a name beyond ASCII"
        ),
        pytest.param(
            "valid Unicode",
            lambda: replace(ACCOUNT, agency="\ud800").to_bytes(),
            id="half a surrogate pair",
        ),
        pytest.param(
            "longer than",
            lambda: replace(ACCOUNT, purpose="x" * 70_000).to_bytes(),
            id="longer than a verifier reads",
        ),
        pytest.param("32 bytes", lambda: write(ACCOUNT, SUBJECT, b"short"), id="a short nonce"),
    ],
)
def test_what_cannot_be_written_is_refused_by_the_rules_name(rule: str, write_it: object) -> None:
    assert callable(write_it)
    with pytest.raises(EntryInvalid, match=rule):
        write_it()


@pytest.mark.parametrize(
    ("rule", "content"),
    [
        pytest.param("not JSON", b"{", id="half a text"),
        pytest.param("not JSON", b"[" * 100_000, id="nested without end"),
        pytest.param("version", b'{"version":2}', id="another version"),
        pytest.param("not an account", b'{"version":1}', id="nothing in it"),
        pytest.param(
            "canonical", ACCOUNT.to_bytes().replace(b",", b", ", 1), id="a space too many"
        ),
    ],
)
def test_what_was_not_written_so_is_not_read(rule: str, content: bytes) -> None:
    with pytest.raises(EntryInvalid, match=rule):
        Account.from_bytes(content)
    with pytest.raises(EntryInvalid):
        Subject.from_bytes(content)


def test_a_subject_part_with_a_space_too_many_is_not_read() -> None:
    with pytest.raises(EntryInvalid, match="canonical"):
        Subject.from_bytes(SUBJECT.to_bytes().replace(b",", b", ", 1))


def test_a_leaf_follows_from_the_two_commitments_alone() -> None:
    entry = write(ACCOUNT, SUBJECT, NONCE)
    assert entry == Entry(
        ACCOUNT.to_bytes(), subject_digest(SUBJECT.to_bytes(), NONCE), SUBJECT.to_bytes(), NONCE
    )
    assert entry.commitment == commitment(entry.account, entry.subject_digest)
