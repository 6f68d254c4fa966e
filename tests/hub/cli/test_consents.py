"""`hub consent`, `hub represent`, `hub restrict` and `hub notices` as an officer meets them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest

from hub.journeys.disclosing import Asker
from hub.journeys.look_up import ByShown, LookUp, look_up
from hub.journeys.pairwise import shown_to
from tests.conftest import Server
from tests.hub.cli.test_commands import Line, line_for
from tests.hub.cli.test_stewardship_reads import opened
from tests.journeys.counters import EVERYTHING, ON_CONSENT, C, policy_of, state
from tests.journeys.partitions import Partitions
from tests.worlds import BIRK, MARIA, NOOR

TODAY = date.today()  # noqa: DTZ011 (the command line's clock is the machine's)
M, CHILD, N = "drivers:D1", "drivers:D2", "drivers:D3"
PAPERS = ("--notice", "notice.txt", "--evidence", "scan.pdf", "--by", "ines")
WAIVER = ("fee_waiver", "--revision", "1", "--give", "existence", "--give", "holding")
AGREEMENT = replace(
    ON_CONSENT,
    sources=frozenset({"vehicles"}),
    starts_on=TODAY - timedelta(30),
    ends_on=TODAY + timedelta(365),
)


@pytest.fixture
def line(server: Server, tmp_path: Path) -> Line:
    """Three drivers, one of them a child; vehicles shares with parks whom it licensed, on consent."""
    made = line_for(tmp_path, server.fresh())
    made("init").answered("hub ready")
    born_lately = BIRK.replace("1961-12-30", f"{TODAY.year - 9}-01-01")
    made("load", made.write_drivers(MARIA, born_lately, NOOR)).answered("drivers")
    with opened(made) as hub:
        Partitions(hub, count(1)).change(
            [[n] for n in Partitions(hub, count(1)).loaded(M, CHILD, N)]
        )
        state(hub, policy_of(AGREEMENT))
    (tmp_path / "notice.txt").write_text("May parks see that you hold a licence?")
    (tmp_path / "scan.pdf").write_bytes(b"%PDF signed")
    return made


def looked_up(line: Line, key: str) -> str:
    """What parks is answered about somebody it was shown."""
    with opened(line) as hub:
        asked = LookUp(
            Asker("parks", "booking", "case 7"),
            ByShown(shown_to(hub, "parks", key)),
            "licensing",
            frozenset({C.HOLDING}),
            EVERYTHING,
        )
        return look_up(hub, asked, pause=lambda _: None).outcome


# --- consent ---------------------------------------------------------------------------------------


def test_consent_is_recorded_listed_and_withdrawn_and_who_received_data_is_told(line: Line) -> None:
    line("consent", "record", M, *WAIVER, *PAPERS, "--method", "paper").answered("recorded: c1")
    assert looked_up(line, M) == "released"
    done = line("consent", "withdraw", M, "fee_waiver", *PAPERS)
    done.answered("withdrawn: c2", "told: parks")
    assert looked_up(line, M) == "no_match"
    line("consent", "list", M).answered("given", "withdrawn", "fee_waiver revision 1", "ines")
    given, withdrawn = line("consent", "list", M, "--json").json
    scan = hashlib.sha256(b"%PDF signed").hexdigest()
    assert (given["method"], given["evidence"]) == ("paper", f"sha256:{scan}")
    assert withdrawn["categories"] == ["existence", "holding"]

    line("notices", "list", "parks").answered("consent_ended", "fee_waiver")
    [notice] = line("notices", "list", "parks", "--json").json
    assert notice["delete_by"]
    line("notices", "take", "parks", str(notice["number"])).answered("taken")
    assert line("notices", "list", "parks", "--json").json == []
    assert line("notices", "list", "parks", "--all", "--json").json[0]["taken_at"]
    line("notices", "take", "parks", str(notice["number"])).refused("no notice 1 waits for parks")


def test_an_answer_gives_and_refuses_in_one_act(line: Line) -> None:
    answer = ("fee_waiver", "--revision", "1", "--give", "existence", "--refuse", "holding")
    line("consent", "record", M, *answer, *PAPERS, "--until", f"{AGREEMENT.ends_on}").answered(
        "recorded: c1, c2"
    )
    states = [
        (one["state"], one["valid_until"]) for one in line("consent", "list", M, "--json").json
    ]
    assert states == [("given", f"{AGREEMENT.ends_on}"), ("refused", None)]


def test_an_agency_revokes_and_a_finding_invalidates(line: Line) -> None:
    line("consent", "record", M, *WAIVER, *PAPERS)
    line("consent", "revoke", M, "fee_waiver", "--agency", "parks", *PAPERS).answered("revoked: c2")
    line("consent", "record", M, *WAIVER, *PAPERS, "--renewed").answered("c3")
    only = ("--only", "holding")
    line("consent", "invalidate", M, "fee_waiver", *only, *PAPERS).answered("invalidated: c4")
    line("consent", "list", M).answered("revoked", "renewed", "invalidated")


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        (("record", CHILD, *WAIVER), "consent_by_minor_alone"),
        (("record", M, *WAIVER, "--through", "r9"), "representation_unknown"),
        (("record", M, *WAIVER, "--through", "me"), "representation_unknown"),
        (("record", M, *WAIVER, "--give", "name"), "consent_beyond_agreement"),
        (("record", M, "fee_waiver", "--revision", "1"), "empty"),
        (("record", M, "fee_waiver", "--revision", "1", "--give", "holding"), "existence_missing"),
        (("record", M, *WAIVER, "--refuse", "holding"), "twice"),
        (("record", M, *WAIVER, "--until", "2020-01-01"), "end_before_start"),
        (("record", M, "nothing", "--revision", "1", "--give", "existence"), "unknown_agreement"),
        (("withdraw", M, "nothing"), "unknown_agreement"),
        (("revoke", M, "fee_waiver", "--agency", "benefits"), "not_a_party"),
        (("record", "drivers:D9", *WAIVER), "no record under that key"),
    ],
)
def test_what_may_not_be_recorded_is_refused_by_its_rule(
    line: Line, command: tuple[str, ...], rule: str
) -> None:
    line("consent", *command, *PAPERS).refused(rule)
    assert line("consent", "list", M, "--json").json == []


def test_consent_to_an_agreement_that_is_over_is_refused(line: Line) -> None:
    with opened(line) as hub:
        state(hub, policy_of(replace(AGREEMENT, ends_on=TODAY - timedelta(2))))
    line("consent", "record", M, *WAIVER, *PAPERS).refused("agreement_not_in_force")
    line("consent", "withdraw", M, "fee_waiver", *PAPERS).answered("withdrawn")


# --- representations -------------------------------------------------------------------------------

GUARDIAN = ("--kind", "guardian", "--evidence", "scan.pdf", "--by", "ines")
UNTIL = ("--until", f"{TODAY + timedelta(365)}")


def test_a_guardian_consents_for_a_child_until_the_guardianship_ends(line: Line) -> None:
    line("represent", "add", CHILD, M, *GUARDIAN, *UNTIL).answered("recorded: r1")
    line("consent", "record", CHILD, *WAIVER, *PAPERS, "--through", "r1").answered("recorded")
    assert looked_up(line, CHILD) == "released"
    line("represent", "end", CHILD, "r1", "--by", "sten").answered("ended: r1")
    assert looked_up(line, CHILD) == "no_match"
    line("represent", "list", CHILD).answered("r1", "guardian", "all", "by sten")
    [kept] = line("represent", "list", CHILD, "--json").json
    assert kept["representative"] == line("profile", "show", M, "--json").json["id"]
    line("consent", "record", CHILD, *WAIVER, *PAPERS, "--through", "r1").refused(
        "representation_expired"
    )
    line("represent", "end", CHILD, "r1", "--by", "sten").refused("no such representation")


@pytest.mark.parametrize(
    ("who", "more", "rule"),
    [
        (M, (), "no_end_date"),
        (M, ("--from", "2030-01-01", "--until", "2029-01-01"), "end_before_start"),
        (CHILD, UNTIL, "represents_herself"),
        (M, (*UNTIL, "--purpose", "nothing"), "unknown_purpose"),
        (" ", UNTIL, "empty"),
    ],
)
def test_representations_that_are_refused(
    line: Line, who: str, more: tuple[str, ...], rule: str
) -> None:
    line("represent", "add", CHILD, who, *GUARDIAN, *more).refused(rule)
    assert line("represent", "list", CHILD, "--json").json == []


def test_a_representation_for_another_purpose_carries_nothing(line: Line) -> None:
    line("represent", "add", CHILD, M, *GUARDIAN, *UNTIL, "--purpose", "prompts")
    line("consent", "record", CHILD, *WAIVER, *PAPERS, "--through", "r1").refused(
        "representation_beyond_scope"
    )


# --- restrictions ----------------------------------------------------------------------------------

ORDER = ("--authority", "court order 12", "--by", "ines")


def test_a_constituent_at_risk_is_not_found_until_two_officers_lift_it(line: Line) -> None:
    line("consent", "record", M, *WAIVER, *PAPERS)
    line("restrict", "add", M, "at_risk", *ORDER, "--clear", "wildlife:licensing").answered("x1")
    assert looked_up(line, M) == "no_match"
    line("restrict", "list", M).answered("at_risk", "court order 12", "wildlife:licensing", "ines")
    for officers in (("--by", "ines"), ("--by", "ines", "--approved-by", "Ines")):
        line("restrict", "lift", M, "x1", *officers).refused("two_approvers")
    both = ("--by", "ines", "--approved-by", "sten")
    line("restrict", "lift", M, "x1", *both).answered("lifted: x1")
    assert looked_up(line, M) == "released"
    assert line("restrict", "list", M, "--json").json[0]["lifted_by"] == ["ines", "sten"]
    line("restrict", "lift", M, "x1", *both).refused("no such restriction")


def test_restricted_processing_is_told_to_who_holds_her_data(line: Line) -> None:
    line("consent", "record", M, *WAIVER, *PAPERS)
    assert looked_up(line, M) == "released"
    until = ("--from", "2026-01-01T00:00:00", "--until", "2100-01-01T00:00:00")
    line("restrict", "add", M, "restricted_processing", *ORDER, *until).answered("told: parks")
    line("notices", "list", "parks").answered("restricted", "keep, do not use")


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        (("disputed", "--authority", " ", "--by", "ines"), "empty"),
        (("disputed", *ORDER, "--clear", "nobody"), "unknown_agency"),
        (("disputed", *ORDER, "--clear", ":nothing"), "unknown_purpose"),
        (("disputed", *ORDER, "--clear", ":"), "empty"),
        (("disputed", *ORDER, "--from", "2030-01-01", "--until", "2029-01-01"), "end_before_start"),
        (("objection_to_linkage", *ORDER, "--clear", "parks"), "linkage_terms"),
    ],
)
def test_restrictions_that_are_refused(line: Line, more: tuple[str, ...], rule: str) -> None:
    line("restrict", "add", M, *more).refused(rule)
    assert line("restrict", "list", M, "--json").json == []
