"""Rights and the log: her own views, an export and an erasure stand in it, and all of it still verifies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consent.log.proof import open_proof
from consent.vocabulary import RestrictionKind
from hub.domain.notices import NoticeKind
from hub.journeys.context import Hub
from hub.journeys.disclosing import Asker
from hub.journeys.disclosure_log import log_key, origin_of, seal
from hub.journeys.log_lag import DisclosureLogBehind
from hub.journeys.notices import list_notices
from hub.journeys.replay import Kind
from hub.journeys.rights.held import held
from hub.journeys.rights.requests import RECIPIENT, RightsRequest
from hub.journeys.rights.subject_export import export
from hub.journeys.rights.who_looked import who_looked
from hub.journeys.verify_log import verify_log
from tests.journeys.counters import Counter, restrict
from tests.journeys.erasures import D1, D2, P1, erased, maria_at_two_agencies
from tests.journeys.test_rights_export import files_of

ASKED = RightsRequest("case 12", by="olga")


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    return maria_at_two_agencies(modelled_hub)


def test_the_log_verifies_with_own_views_and_after_an_erasure(counter: Counter) -> None:
    held(counter.hub, P1, ASKED)
    who_looked(counter.hub, D1, ASKED)
    export(counter.hub, P1, ASKED)
    seal(counter.hub, is_forced=True)
    before = verify_log(counter.hub)
    assert (before.holds, before.erased) == (True, 0), before
    assert erased(counter.hub).destroyed.entries == 4
    seal(counter.hub, is_forced=True)
    after = verify_log(counter.hub)
    assert (after.holds, after.erased, after.erasures_logged) == (True, 4, 4), after


def test_a_proof_in_an_export_holds_by_the_log_s_key(counter: Counter) -> None:
    seal(counter.hub, is_forced=True)
    exported = export(counter.hub, P1, ASKED)
    [name] = [one for one in files_of(exported) if one.startswith("proofs/")]
    content = files_of(exported)[name]
    entry, _ = open_proof(content, [log_key(counter.hub)], origin_of(counter.hub))
    assert not entry.is_erased


def test_nothing_is_told_while_the_log_lags(counter: Counter) -> None:
    lagging = replace(counter.hub, limits=replace(counter.hub.limits, log_lag_max_s=1))
    for told in (held, export, who_looked):
        with pytest.raises(DisclosureLogBehind):
            told(lagging, P1, ASKED)


def test_recipients_are_told_of_an_erasure_under_the_id_they_know_her_by(counter: Counter) -> None:
    shown = counter.profile(P1).id
    erased(counter.hub)
    [notice] = list_notices(counter.hub, "parks")
    assert (notice.kind, notice.pairwise_id) == (NoticeKind.ERASED, shown)
    assert notice.delete_by is not None


def test_of_a_constituent_at_risk_no_recipient_is_told(counter: Counter) -> None:
    restrict(counter.hub, P1, RestrictionKind.AT_RISK)
    erased(counter.hub)
    assert [one.kind for one in list_notices(counter.hub, "parks")] == []


def test_a_look_up_in_the_name_of_the_constituent_is_found(counter: Counter) -> None:
    counter.ask(D2, asker=Asker(RECIPIENT, "booking", "case 7"))
    seal(counter.hub, is_forced=True)
    [finding] = verify_log(counter.hub).findings
    assert (finding.kind, finding.detail) == (Kind.NO_DECISION, "no right of a constituent")
