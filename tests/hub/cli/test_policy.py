"""`hub policy` as an officer meets it: told before it is written, and refused by file, path and rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Server
from tests.hub.cli.test_commands import Line, line_for
from tests.worlds import BIRK, MARIA

SAYS = ("--by", "lund", "--reason", "the act was amended")
POLICY = """
schema: hub/policy@1
agencies: [{id: parks}, {id: vehicles}, {id: benefits}]
purposes: [{id: licensing, broader: requested_service_provision}]
agreements:
"""
TERMS = """
  id: {id}
  revision: {revision}
  sources: [{source}]
  recipient: parks
  purpose: licensing
  categories: [existence, name]
  legal_basis: official_authority
  citation: Licensing Act s. 4
  starts_on: 2026-01-01
  ends_on: 2099-12-31
  matching_allowed: true
"""
APPROVED = "  approved_by: [lund, amara]\n"
LICENSING = {"id": "licensing_act", "revision": 1, "source": "vehicles"}
WAIVER = {"id": "fee_waiver", "revision": 1, "source": "benefits"}


def entry(**terms: object) -> str:
    """An agreement as a policy's file states it."""
    return "- " + (TERMS.format(**terms) + APPROVED).strip() + "\n"


@pytest.fixture
def line(server: Server, tmp_path: Path) -> Line:
    """A hub with two drivers of the agency vehicles, and no policy."""
    made = line_for(tmp_path, server.fresh())
    made("init").answered("hub ready")
    made("load", made.write_drivers(MARIA, BIRK)).answered("drivers")
    return made


def write(line: Line, *entries: str, name: str = "policy.yaml") -> str:
    (line.folder / name).write_text(POLICY + "".join(entries), "utf-8")
    return name


def propose(line: Line, **terms: object) -> str:
    text = "schema: hub/agreement@1\n" + TERMS.format(**terms).replace("\n  ", "\n")
    (line.folder / "proposal.yaml").write_text(text, "utf-8")
    return "proposal.yaml"


def test_a_policy_is_previewed_loaded_and_shown(line: Line) -> None:
    line("policy", "show").answered("version 0", "no policy was ever loaded")
    file = write(line, entry(**LICENSING))
    preview = line("policy", "load", file, *SAYS, "--preview")
    preview.answered("added agreement licensing_act revision 1", "nothing is changed")
    line("policy", "diff", file).answered("added agency parks", "added purpose licensing")
    assert line("policy", "show", "--json").json["version"] == 0

    loaded = line("policy", "load", file, *SAYS)
    loaded.answered("added agreement licensing_act revision 1", "version 1 is in force")
    line("policy", "show").answered(
        "licensing_act revision 1: in force, 2026-01-01 to 2099-12-31",
        "vehicles to parks, for licensing: existence, name",
        "approved by lund, amara; its sources may be linked",
    )
    line("policy", "diff", file).answered("no difference")
    line("policy", "load", file, *SAYS).answered("nothing changes", "version 1 is in force")
    [version] = line("policy", "history", "--json").json
    assert (version["author"], version["reason"]) == ("lund", "the act was amended")
    assert version["digest"] == line("policy", "show", "--json").json["digest"]
    line("policy", "history").answered("the act was amended")


def test_an_end_is_told_with_what_it_does_to_the_links(line: Line) -> None:
    line("policy", "load", write(line, entry(**LICENSING)), *SAYS)
    ended = line("policy", "end", "licensing_act", *SAYS)
    ended.answered(
        "removed agreement licensing_act revision 1",
        "1 source stands apart from the next link on: drivers",
        "version 2 is in force",
    )
    line("policy", "show").answered("ended 2")
    line("link", "--kind", "person").answered("drivers stands apart")
    line("policy", "end", "licensing_act", *SAYS).refused("agreement: agreement_over")
    line("policy", "end", "tax_act", *SAYS).refused("unknown_agreement: .*tax_act")
    line("policy", "load", "policy.yaml", *SAYS).refused(
        r"policy.yaml: agreements\[0\].revision: revision_ended"
    )


def test_an_agency_is_suspended_and_reinstated(line: Line) -> None:
    line("policy", "load", write(line, entry(**LICENSING)), *SAYS)
    suspended = line("policy", "suspend", "benefits", *SAYS)
    suspended.answered("changed agency benefits: is_suspended False -> True")
    line("policy", "reinstate", "benefits", *SAYS).answered("True -> False", "version 3")
    line("policy", "suspend", "tax", *SAYS).refused("agency: unknown_agency")


def test_what_is_in_force_is_written_as_a_file_that_states_it(line: Line) -> None:
    line("policy", "load", write(line, entry(**LICENSING), entry(**WAIVER)), *SAYS)
    line("policy", "end", "fee_waiver", *SAYS)
    written = line("policy", "show", "--yaml")
    written.answered("schema: hub/policy@1")
    (line.folder / "in_force.yaml").write_text(written.out, "utf-8")
    line("policy", "diff", "in_force.yaml").answered("no difference")
    assert line("policy", "show", "--yaml", "--json").code == 2


def test_two_officers_put_a_proposal_in_force(line: Line) -> None:
    line("policy", "load", write(line, entry(**LICENSING)), *SAYS)
    file = propose(line, **WAIVER)
    line("policy", "propose", file, "--by", "lund").answered(
        "proposal 1: fee_waiver revision 1 waits for two officers"
    )
    line("policy", "approve", "1", "--by", "amara").answered("another officer must approve it")
    line("policy", "approve", "1", "--by", "Amara").refused("approved_by: two_approvers")
    [waiting] = line("policy", "proposals", "--json").json
    assert (waiting["officers"], waiting["agreement"]["id"]) == (["amara"], "fee_waiver")
    line("policy", "approve", "1", "--by", "osei").answered(
        "added agreement fee_waiver revision 1", "version 2 is in force"
    )
    assert line("policy", "proposals", "--json").json == []
    line("policy", "proposals", "--all").answered("approved by osei")

    line("policy", "propose", file, "--by", "lund").refused("proposal.yaml: id: twice")
    other = propose(line, **(WAIVER | {"id": "waiver_of_old"}))
    line("policy", "propose", other, "--by", "lund").answered("proposal 2")
    line("policy", "drop", "2", "--by", "osei").answered("dropped")
    line("policy", "approve", "2", "--by", "amara").refused("no proposal 2 waits")


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        pytest.param(entry(**LICENSING).replace("  ends_on: 2099-12-31\n", ""), r"agreements\[1\].ends_on: no_end_date", id="no end date"),
        pytest.param(entry(**LICENSING).replace("[lund, amara]", "[lund, Lund]"), r"agreements\[1\].approved_by: two_approvers", id="one person approving twice"),
        pytest.param(entry(**(WAIVER | {"revision": 2})), r"agreements\[1\].starts_on: overlapping_revisions", id="overlapping revisions"),
        pytest.param(entry(**LICENSING).replace("purpose: licensing", "purpose: curiosity"), r"agreements\[1\].purpose: unknown_purpose", id="unknown purpose"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_by_file_path_and_rule_and_nothing_is_written(
    line: Line, wrong: str, problem: str
) -> None:
    line("policy", "load", write(line, entry(**WAIVER)), *SAYS)
    bad = write(line, entry(**WAIVER), wrong, name="bad.yaml")
    for command in (("load", bad, *SAYS), ("load", bad, *SAYS, "--preview"), ("diff", bad)):
        line("policy", *command).refused(f"bad.yaml: {problem}")
    assert line("policy", "show", "--json").json["version"] == 1


def test_a_revision_stated_otherwise_is_refused_by_its_fields(line: Line) -> None:
    line("policy", "load", write(line, entry(**WAIVER)), *SAYS)
    other = write(line, entry(**WAIVER).replace("s. 4", "s. 5"), name="other.yaml")
    line("policy", "diff", other).answered("citation Licensing Act s. 4 -> Licensing Act s. 5")
    line("policy", "load", other, *SAYS).refused(
        r"other.yaml: agreements\[0\].revision: revision_changed: .*citation"
    )
