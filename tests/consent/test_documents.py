from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from consent.difference import Change, ChangeKind, FieldChange, diff
from consent.documents import (
    SCHEMA_FILE,
    load_policy,
    load_proposal,
    render_policy,
    render_schema,
)
from consent.policy import Agency, DeclaredPurpose, Policy
from consent.rules import PolicyInvalid, Rule
from consent.vocabulary import Assurance, Purpose
from hub.documents import DOCUMENT_BYTES_MAX
from tests.consent.values import ASKED, LAW, NOW, POLICY, C

AGREEMENT: dict[str, Any] = {
    "id": "licensing_act",
    "revision": 1,
    "sources": ["vehicles"],
    "recipient": "parks",
    "purpose": "licensing",
    "categories": ["existence", "source", "name", "address"],
    "legal_basis": "official_authority",
    "citation": "Licensing Act s. 4",
    "starts_on": "2026-01-01",
    "ends_on": "2026-12-31",
    "approved_by": ["officer_a", "officer_b"],
}
DOCUMENT: dict[str, Any] = {
    "schema": "hub/policy@1",
    "agencies": [{"id": "vehicles"}, {"id": "parks", "label": "Parks agency"}],
    "purposes": [{"id": "licensing", "broader": "requested_service_provision"}],
    "agreements": [AGREEMENT],
}
GUIDE = Path(__file__).parents[2] / "docs" / "policy.md"


def agreement(**changes: Any) -> dict[str, Any]:
    """The document with one field of its agreement changed (None: left out)."""
    changed = {name: value for name, value in {**AGREEMENT, **changes}.items() if value is not None}
    return {**DOCUMENT, "agreements": [changed]}


def write(folder: Path, content: object) -> Path:
    path = folder / "policy.yaml"
    text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
    path.write_text(text, "utf-8")
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(PolicyInvalid) as caught:
        load_policy(path)
    assert caught.value.file == path.name
    assert str(caught.value).startswith(f"{path.name}: ")
    assert caught.value.__context__ is None
    return [str(one) for one in caught.value.problems]


def test_a_policy_is_read_into_values(tmp_path: Path) -> None:
    loaded = load_policy(write(tmp_path, DOCUMENT))
    assert loaded == Policy(
        agencies=(Agency("vehicles"), Agency("parks", "Parks agency")),
        purposes=(DeclaredPurpose("licensing", Purpose.REQUESTED_SERVICE_PROVISION),),
        agreements=(replace(LAW, epoch=0),),
    )


def test_what_may_be_left_out_may_be_said(tmp_path: Path) -> None:
    said = agreement(
        matching_allowed=True, assurance_min="substantial", compatible_revisions=[1], revision=2
    )
    said["agencies"] = [{"id": "vehicles", "suspended": True}, {"id": "parks"}]
    loaded = load_policy(write(tmp_path, said))
    [one] = loaded.agreements
    assert one.matching_allowed
    assert one.assurance_min is Assurance.SUBSTANTIAL
    assert one.compatible_revisions == {1}
    assert loaded.agencies[0].is_suspended


def test_unquoted_words_and_days_are_text(tmp_path: Path) -> None:
    text = (
        yaml.safe_dump(DOCUMENT, sort_keys=False)
        .replace("'2026-01-01'", "2026-01-01")
        .replace("vehicles", "no")
    )
    loaded = load_policy(write(tmp_path, text))
    assert loaded.agencies[0].id == "no"
    assert loaded.agreements[0].starts_on == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(agreement(ends_on=None), "agreements[0].ends_on: no_end_date: must state the day it ends", id="no end date"),
        pytest.param({**DOCUMENT, "agreements": [{**AGREEMENT, "ends_on": None}]}, "agreements[0].ends_on: no_end_date: must state the day it ends", id="an end date of null"),
        pytest.param(agreement(ends_on="2025-12-31"), "agreements[0].ends_on: end_before_start: ends before it starts", id="end before start"),
        pytest.param(agreement(ends_on="2026-02-30"), "agreements[0].ends_on: malformed: is not of the right form (no such day)", id="a day that is not"),
        pytest.param(agreement(starts_on="01/02/2026"), "agreements[0].starts_on: malformed: is not of the right form (String should match pattern '^\\d{4}-\\d{2}-\\d{2}$')", id="a day in another form"),
        pytest.param(agreement(starts_on=None), "agreements[0].starts_on: missing: missing", id="no start"),
        pytest.param(agreement(approved_by=["officer_a", "officer_a"]), "agreements[0].approved_by: two_approvers: must be approved by two different officers", id="one person approving twice"),
        pytest.param(agreement(purpose="curiosity"), "agreements[0].purpose: unknown_purpose: no such purpose is declared (curiosity)", id="unknown purpose"),
        pytest.param(agreement(recipient="fisheries"), "agreements[0].recipient: unknown_agency: no such agency is declared (fisheries)", id="unknown agency"),
        pytest.param({**DOCUMENT, "agreements": [AGREEMENT, {**AGREEMENT, "revision": 2}]}, "agreements[1].starts_on: overlapping_revisions: overlaps another revision of the same agreement (licensing_act revision 1)", id="overlapping revisions"),
        pytest.param(agreement(categories=["existence", "shoe_size"]), "agreements[0].categories[1]: malformed: is not of the right form (must be " + ", ".join(f"'{one}'" for one in list(C)[:-1]) + " or 'custom')", id="unknown category"),
        pytest.param(agreement(categories=["name"]), "agreements[0].categories: existence_missing: must name existence: whatever is shared tells that a record exists", id="no existence"),
        pytest.param(agreement(legal_basis="contract"), "agreements[0].legal_basis: malformed: is not of the right form (must be 'consent', 'legal_obligation', 'vital_interest', 'public_interest' or 'official_authority')", id="another legal basis"),
        pytest.param(agreement(revision=0), "agreements[0].revision: malformed: is not of the right form (Input should be greater than or equal to 1)", id="revision nought"),
        pytest.param(agreement(revision="1"), "agreements[0].revision: malformed: is not of the right form (must be a number)", id="a revision as text"),
        pytest.param(agreement(revision=True), "agreements[0].revision: malformed: is not of the right form (must be a number)", id="a revision of true"),
        pytest.param({**DOCUMENT, "agencies": [{"id": "parks", "suspended": 1}]}, "agencies[0].suspended: malformed: is not of the right form (Input should be a valid boolean)", id="a number for true"),
        pytest.param(agreement(matching="yes"), "agreements[0].matching: unknown_field: unknown field", id="unknown field"),
        pytest.param({**DOCUMENT, "schema": "hub/policy@9"}, "schema: malformed: is not of the right form (must be 'hub/policy@1')", id="another schema"),
        pytest.param({**DOCUMENT, "agencies": [{"id": "Dept: Parks"}]}, "agencies[0].id: malformed: is not of the right form (String should match pattern '^[a-z][a-z0-9_]*$')", id="an id that is none"),
        pytest.param({**DOCUMENT, "restrictions": []}, "restrictions: unknown_field: unknown field", id="facts about one constituent do not stand in a file"),
        pytest.param("[]", "document: malformed: is not of the right form (Input should be a valid dictionary or instance of PolicyDocument)", id="not a mapping"),
        pytest.param("schema: a\nschema: b\n", "document: unreadable: cannot be read (line 2, column 1: duplicate key)", id="a key twice"),
        pytest.param("[1]: a\n", "document: unreadable: cannot be read (line 1, column 1: a key must be text)", id="a key that is no text"),
        pytest.param("a: [", "document: unreadable: cannot be read (line 1, column 5: expected the node content, but found '<stream end>')", id="not YAML"),
        pytest.param("a: \x00", "document: unreadable: cannot be read (not YAML)", id="a control character"),
        pytest.param("#" * (DOCUMENT_BYTES_MAX + 1), f"document: unreadable: cannot be read (larger than {DOCUMENT_BYTES_MAX} bytes)", id="too large"),
    ],
)  # fmt: skip
def test_a_bad_policy_is_refused_by_path_and_rule(
    tmp_path: Path, content: object, problem: str
) -> None:
    assert problems(write(tmp_path, content)) == [problem]


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    bad = {**DOCUMENT, "agreements": [{**AGREEMENT, "citation": " ", "approved_by": []}, {**AGREEMENT, "sources": []}]}  # fmt: skip
    assert [one.partition(":")[0] for one in problems(write(tmp_path, bad))] == [
        "agreements[0].citation",
        "agreements[0].approved_by",
        "agreements[1].sources",
    ]


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    [problem] = problems(tmp_path / "policy.yaml")
    assert problem == "document: unreadable: cannot be read (no such file)"
    latin = tmp_path / "policy.yaml"
    latin.write_bytes(b"label: \xe9")
    assert problems(latin) == ["document: unreadable: cannot be read (not UTF-8 at byte 7)"]


def test_the_committed_schema_is_the_one_of_the_models() -> None:
    """If this fails: python -m consent.documents"""
    assert SCHEMA_FILE.read_text("utf-8") == render_schema()


def test_an_editor_accepts_what_the_loader_accepts() -> None:
    schema = json.loads(SCHEMA_FILE.read_text("utf-8"))
    jsonschema.validate(DOCUMENT, schema)
    for wrong in (agreement(ends_on=None), agreement(matching="yes"), {**DOCUMENT, "agencies": 7}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_the_example_of_the_guide_loads(tmp_path: Path) -> None:
    example, *others = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert not others
    loaded = load_policy(write(tmp_path, example))
    assert len(loaded.agreements) == 3
    assert {one.legal_basis.is_statutory for one in loaded.agreements} == {True, False}


def test_a_policy_is_written_as_a_file_that_states_it(tmp_path: Path) -> None:
    law = replace(LAW, citation="No. 4: 'fees' — 1.5", assurance_min=Assurance.HIGH, epoch=0)
    asked = replace(ASKED, matching_allowed=True, compatible_revisions=frozenset({7}), epoch=0)
    policy = replace(POLICY, agencies=(*POLICY.agencies, Agency("no", "yes", True)), agreements=(law, asked))  # fmt: skip
    assert load_policy(write(tmp_path, render_policy(policy))) == policy


def test_every_rule_of_a_policy_and_every_category_is_in_the_guide() -> None:
    text = GUIDE.read_text("utf-8")
    for word in (*Rule, *C):
        assert f"`{word}`" in text, word


def test_equal_policies_do_not_differ_however_stated() -> None:
    turned = Policy(
        POLICY.agencies[::-1],
        POLICY.purposes[::-1],
        (replace(ASKED, epoch=77), replace(LAW, ended_at=NOW)),
    )
    assert diff(POLICY, POLICY) == diff(POLICY, turned) == ()


CHANGED = (
    "categories [address, existence, name, source] -> [existence, name]",
    "ends_on 2026-12-31 -> 2027-12-31",
)


def test_what_differs_between_two_policies_is_told_as_values() -> None:
    longer = replace(LAW, ends_on=date(2027, 12, 31), categories=frozenset({C.NAME, C.EXISTENCE}))
    new = Policy(
        agencies=(*POLICY.agencies[:-1], Agency("fisheries"), replace(POLICY.agencies[3], is_suspended=True)),
        purposes=POLICY.purposes[:1],
        agreements=(longer, replace(ASKED, revision=2, approved_by=("officer_c", "officer_d"))),
    )  # fmt: skip
    changes = diff(POLICY, new)
    assert changes == (
        Change(ChangeKind.CHANGED, "agency", "benefits", (FieldChange("is_suspended", "False", "True"),)),
        Change(ChangeKind.ADDED, "agency", "fisheries"),
        Change(ChangeKind.REMOVED, "purpose", "prompts"),
        Change(ChangeKind.REMOVED, "agreement", "fee_waiver revision 1"),
        Change(ChangeKind.ADDED, "agreement", "fee_waiver revision 2"),
        Change(ChangeKind.CHANGED, "agreement", "licensing_act revision 1", (
            FieldChange("categories", "[address, existence, name, source]", "[existence, name]"),
            FieldChange("ends_on", "2026-12-31", "2027-12-31"),
        )),
    )  # fmt: skip
    assert [str(one) for one in changes][::5] == [
        "changed agency benefits: is_suspended False -> True",
        f"changed agreement licensing_act revision 1: {', '.join(CHANGED)}",
    ]
    assert str(changes[1]) == "added agency fisheries"


def test_a_change_of_approvers_is_a_change() -> None:
    new = replace(POLICY, agreements=(replace(LAW, approved_by=("officer_a", "officer_c")), ASKED))
    [change] = diff(POLICY, new)
    assert change.fields == (
        FieldChange("approved_by", "[officer_a, officer_b]", "[officer_a, officer_c]"),
    )


PROPOSAL: dict[str, Any] = {
    "schema": "hub/agreement@1",
    **{name: value for name, value in AGREEMENT.items() if name != "approved_by"},
}


def test_a_proposed_agreement_is_read_without_its_approvals(tmp_path: Path) -> None:
    proposed = load_proposal(write(tmp_path, PROPOSAL))
    assert proposed.approved_by(LAW.approved_by) == replace(LAW, epoch=0)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"approved_by": ["officer_a", "officer_b"]}, "approved_by: unknown_field: unknown field", id="approved in the file"),
        pytest.param({"ends_on": None}, "ends_on: no_end_date: must state the day it ends", id="no end date"),
        pytest.param({"sources": ["parks"]}, "sources: shares_with_itself: an agency needs no agreement with itself", id="sharing with itself"),
    ],
)  # fmt: skip
def test_a_bad_proposal_is_refused_by_path_and_rule(
    tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        load_proposal(write(tmp_path, {**PROPOSAL, **changes}))
    assert str(caught.value) == f"policy.yaml: {problem}"
