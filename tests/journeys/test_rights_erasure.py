"""Erasure: what is gone, what stays of others and of the log, and what refuses it."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest

from consent.log.entry import Account, Outcome
from consent.vocabulary import RestrictionKind
from hub.domain.errors import ConstituentUnknown, RecordUnknown
from hub.domain.events import EventKind
from hub.domain.records import RecordKey
from hub.journeys.acts import StaleView
from hub.journeys.context import Hub
from hub.journeys.disclosing import entry_of
from hub.journeys.feed import read_feed
from hub.journeys.judge import list_of, withdraw
from hub.journeys.objection import list_objections, object_to_linkage
from hub.journeys.pin import list_pins
from hub.journeys.profile import show_profile
from hub.journeys.registration import SourceBusy, source_lock
from hub.journeys.review import report_not_mine
from hub.journeys.rights.certificate import verify
from hub.journeys.rights.corrections import list_corrections
from hub.journeys.rights.erasure import ErasureHeld, ErasureUnexplained, erase
from hub.store import database
from hub.vault import keyring
from hub.vault.signing import CertificateKey, NotGenuine
from tests.journeys.counters import Counter, restrict
from tests.journeys.erasures import D1, D2, HERS, ORDER, P1, erased, maria_at_two_agencies
from tests.journeys.opened import everything, finds
from tests.journeys.stewards import MARIA, WHO


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    return maria_at_two_agencies(modelled_hub)


# --- what is gone ----------------------------------------------------------------------------------


def test_no_value_of_hers_is_left_to_whoever_has_the_database_and_the_root_key(
    counter: Counter,
) -> None:
    before = everything(counter.hub)
    assert [value for value in HERS if not finds(before, value)] == []
    erased(counter.hub)
    after = everything(counter.hub)
    assert [value for value in HERS if finds(after, value)] == []
    assert finds(after, "birk@example.org")


def test_her_ids_are_tombstones_and_the_feed_tells_of_it_once(counter: Counter) -> None:
    her_id, birk = counter.desk.id_of(P1), counter.desk.id_of(D2)
    assert her_id in erased(counter.hub).ids
    with pytest.raises(ConstituentUnknown, match="retired"):
        show_profile(counter.hub, str(her_id))
    with pytest.raises(RecordUnknown):
        show_profile(counter.hub, D1)
    events = [one for one in read_feed(counter.hub, "portal") if one.kind is EventKind.ERASED]
    assert [one.constituent for one in events] == [her_id]
    assert counter.desk.id_of(D2) == birk


def test_what_stewards_did_stays_and_what_they_wrote_of_her_does_not(counter: Counter) -> None:
    object_to_linkage(counter.hub, D1, **WHO)
    counter.desk.different(P1, D2)
    erased(counter.hub)
    [judged, apart] = list_of(counter.hub, P1)
    assert (judged.reason, judged.author, judged.sleeps) == ("erased", "ines", True)
    assert str(apart.right if apart.left.local_id is None else apart.left) == D2
    assert list_pins(counter.hub, D2) == []


def test_objections_tell_that_their_reason_was_erased(counter: Counter) -> None:
    object_to_linkage(counter.hub, D1, **WHO)
    erased(counter.hub, D1)
    [objection] = list_objections(counter.hub, D1)
    assert (objection.reason, objection.record.local_id) == ("erased", None)
    assert show_profile(counter.hub, P1).records == (RecordKey.parse(P1),)


def test_proposals_on_her_records_are_gone_for_their_agency(counter: Counter) -> None:
    assert [one.field for one in list_corrections(counter.hub, "vehicles")] == ["addresses"]
    assert erased(counter.hub).destroyed.corrections == 1
    assert list_corrections(counter.hub, "vehicles", is_all=True) == []


def test_open_questions_about_her_are_closed(counter: Counter) -> None:
    report_not_mine(counter.hub, D1, by="portal")
    assert counter.desk.reviews()
    erased(counter.hub)
    assert counter.desk.reviews() == []


# --- what stays ------------------------------------------------------------------------------------


def test_her_entries_stay_as_accounts_and_their_leaves_do_not_change(counter: Counter) -> None:
    before = {one.id: one for one in counter.entries()}
    erased(counter.hub)
    after = {one.id: one for one in counter.entries()}
    hers, birks = sorted(before)
    assert after[hers].account == before[hers].account
    assert after[hers].subject_digest == before[hers].subject_digest
    assert (after[hers].sealed_subject, after[hers].subject_hash) == (None, None)
    assert after[birks] == before[birks]


def test_the_log_tells_of_the_erasure_by_whom_and_why_and_names_nobody(counter: Counter) -> None:
    done = erased(counter.hub)
    last = counter.entries()[-1]
    assert last.id == done.entry
    assert last.subject_hash is None
    account = Account.from_bytes(last.account)
    assert (account.action, account.outcome, account.agency) == (
        "erase",
        Outcome.DONE,
        "constituent",
    )
    assert account.reasons == ("erased 1", "records 2", f"authority {ORDER['authority']}")
    assert account.user is not None
    assert "olga" not in last.account.decode()
    entry = entry_of(counter.hub.keys, last)
    assert entry.subject == (
        b'{"case_hash":null,"epochs":{"policy":1},"inputs":{},"reference":null,"version":1}'
    )


def test_the_certificate_says_what_was_destroyed_and_until_when_a_backup_could_undo_it(
    counter: Counter,
) -> None:
    done = erased(counter.hub)
    assert done.certificate is not None
    public = CertificateKey(counter.hub.keys).public
    stated = verify(done.certificate, public)
    assert stated["destroyed"]["records"] == {"parks": 1, "vehicles": 1}
    assert len(stated["destroyed"]["record_keys"]) == 2
    assert len(stated["destroyed"]["subject_keys"]) == 1
    assert stated["destroyed"]["entries"] == 1
    assert stated["entry"] == done.entry
    assert stated["key_backups_until"] == "2026-12-27"  # 35 days after the day of the test
    assert not [value for value in HERS if finds(done.certificate.lower(), value)]


def test_a_certificate_altered_or_of_another_hub_does_not_hold(counter: Counter) -> None:
    signed = erased(counter.hub).certificate
    assert signed is not None
    envelope = json.loads(signed)
    envelope["certificate"] = envelope["certificate"].replace('"entries":1', '"entries":2')
    with pytest.raises(NotGenuine, match="not signed"):
        verify(json.dumps(envelope).encode(), b64decode(envelope["public_key"]))
    with pytest.raises(NotGenuine, match="not signed"):
        verify(signed, CertificateKey(keyring.generate()).public)
    with pytest.raises(NotGenuine, match="not a certificate"):
        verify(b"[]", b64decode(envelope["public_key"]))


def test_records_that_left_her_before_stay_with_whom_they_went_to(counter: Counter) -> None:
    counter.desk.push("vehicles:D3", MARIA)
    [act] = {one.act_id for one in list_of(counter.hub, P1)}
    withdraw(counter.hub, act, author="ines")
    counter.desk.split(P1, "vehicles:D3", "vehicles:D1")
    other = counter.desk.id_of("vehicles:D3")
    assert erased(counter.hub).destroyed.records == {"parks": 1}
    assert counter.desk.id_of("vehicles:D3") == counter.desk.id_of(D1) == other


# --- what refuses ----------------------------------------------------------------------------------


def test_a_legal_hold_refuses_by_name_and_nothing_is_erased(counter: Counter) -> None:
    restrict(counter.hub, P1, RestrictionKind.LEGAL_HOLD)
    before = counter.desk.dump()
    with pytest.raises(ErasureHeld, match="legal hold") as held:
        erased(counter.hub)
    assert held.value.restrictions == ("x1",)
    assert counter.desk.dump() == before


def test_a_hold_on_an_id_that_her_records_were_under_before_counts(counter: Counter) -> None:
    restrict(counter.hub, P1, RestrictionKind.LEGAL_HOLD)
    [act] = {one.act_id for one in list_of(counter.hub, P1)}
    withdraw(counter.hub, act, author="ines")
    counter.desk.split(P1, D1)
    with pytest.raises(ErasureHeld):
        erased(counter.hub, D1)


def test_other_restrictions_do_not_stand_in_the_way(counter: Counter) -> None:
    restrict(counter.hub, P1, RestrictionKind.AT_RISK)
    assert erased(counter.hub).entry


def test_a_preview_names_every_record_and_changes_nothing(counter: Counter) -> None:
    before = counter.desk.dump()
    preview = erase(counter.hub, P1, **ORDER, is_preview=True)
    assert [(str(one.record), one.agency) for one in preview.records] == [
        (P1, "parks"),
        (D1, "vehicles"),
    ]
    assert preview.destroyed.entries == 1
    assert (preview.entry, preview.certificate) == (None, None)
    assert counter.desk.dump() == before
    counter.desk.push("wildlife:W1", MARIA)
    with pytest.raises(StaleView):
        erase(counter.hub, P1, **ORDER, seen=preview.seen)
    again = erase(counter.hub, P1, **ORDER, is_preview=True)
    assert erase(counter.hub, P1, **ORDER, seen=again.seen).entry


def test_an_erasure_needs_an_officer_and_an_authority(counter: Counter) -> None:
    for by, authority in ((" ", "GDPR Art. 17"), ("olga", "")):
        with pytest.raises(ErasureUnexplained):
            erase(counter.hub, P1, by=by, authority=authority)


def test_nobody_is_erased_while_a_source_of_hers_is_loaded(counter: Counter) -> None:
    lock = source_lock(counter.hub, "vehicles")
    with database.held_lock(counter.hub.engine, database.LOCK_LOAD, lock) as is_held:
        assert is_held
        with pytest.raises(SourceBusy, match="vehicles"):
            erased(counter.hub)
    assert erased(counter.hub).entry
