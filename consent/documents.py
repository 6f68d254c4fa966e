"""A policy's YAML: what `hub/policy@1` may say, read strictly, and refused by file, path and rule.

`hub/agreement@1` is one revision by itself, proposed to officers who have not approved it yet.

Decides the grammar; what a policy means is policy.py's, whether it fits together checks.py's. Consent and
restrictions are facts about one constituent each, and never stand in a file.
`python -m consent.documents` writes the JSON Schema beside this module; a test holds it to the models.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError
from pydantic_core import ErrorDetails

from consent.checks import check_policy
from consent.policy import Agency, Agreement, DeclaredPurpose, Policy
from consent.proposing import OFFICERS_TO_COME, ProposedAgreement
from consent.rules import PolicyInvalid, Problem, Rule
from consent.stored import to_document
from consent.vocabulary import Assurance, DataCategory, LegalBasis, Purpose
from hub.documents import A_NUMBER, DocumentUnreadable, StrictLoader, path_of, read_document

ValueT = TypeVar("ValueT")
FormT = TypeVar("FormT", bound=BaseModel)

SCHEMA_FILE = Path(__file__).parent / "schemas" / "policy.schema.json"

Id: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
# As text: pydantic would take 1767225600 for a day.
Day: TypeAlias = Annotated[
    str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", json_schema_extra={"format": "date"})
]

_ASSURANCE = {one.name.lower(): one for one in Assurance}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AgencyEntry(_Strict):
    """A public body that gives records, receives them, or both."""

    id: Id
    label: str = ""
    suspended: StrictBool = False

    def value(self) -> Agency:
        """The agency as the decision sees it."""
        return Agency(self.id, self.label, self.suspended)


class PurposeEntry(_Strict):
    """A purpose by the name requests use, and what it is to DPV 2.3."""

    id: Id
    broader: Purpose
    label: str = ""

    def value(self) -> DeclaredPurpose:
        """The purpose as the decision sees it."""
        return DeclaredPurpose(self.id, self.broader, self.label)


class _Terms(_Strict):
    """What a revision of an agreement says, but who approved it."""

    id: Id
    revision: Annotated[int, Field(ge=1), A_NUMBER]
    sources: list[Id]
    recipient: Id
    purpose: Id
    categories: list[DataCategory]
    legal_basis: LegalBasis
    citation: str
    starts_on: Day
    ends_on: Day
    matching_allowed: StrictBool = False
    assurance_min: Literal["low", "substantial", "high"] = "low"
    compatible_revisions: list[Annotated[int, A_NUMBER]] = Field(default_factory=list)

    def agreement(self, approved_by: Iterable[str]) -> Agreement:
        """The agreement as the decision sees it, once those officers approved it. Raises PolicyInvalid."""
        return Agreement(
            id=self.id,
            revision=self.revision,
            sources=frozenset(self.sources),
            recipient=self.recipient,
            purpose=self.purpose,
            categories=frozenset(self.categories),
            legal_basis=self.legal_basis,
            citation=self.citation,
            starts_on=_day("starts_on", self.starts_on),
            ends_on=_day("ends_on", self.ends_on),
            approved_by=tuple(approved_by),
            matching_allowed=self.matching_allowed,
            assurance_min=_ASSURANCE[self.assurance_min],
            compatible_revisions=frozenset(self.compatible_revisions),
        )


class AgreementEntry(_Terms):
    """One revision of what source agencies share with a recipient. Both days are included."""

    approved_by: list[str]

    def value(self) -> Agreement:
        """The agreement as the decision sees it. Raises PolicyInvalid."""
        return self.agreement(self.approved_by)


class ProposalDocument(_Terms):
    """One revision of an agreement that officers are to approve."""

    document: Literal["hub/agreement@1"] = Field(alias="schema")


class PolicyDocument(_Strict):
    """All agencies, purposes and agreements of a hub."""

    document: Literal["hub/policy@1"] = Field(alias="schema")
    agencies: list[AgencyEntry]
    purposes: list[PurposeEntry]
    agreements: list[AgreementEntry]


def load_policy(path: Path) -> Policy:
    """Read a policy's YAML. Raises PolicyInvalid naming the file, and each problem by path and rule."""

    return in_file(path, lambda: policy_in(_document(path, PolicyDocument)))


def policy_in(document: PolicyDocument) -> Policy:
    """The policy that a document states. Raises PolicyInvalid."""
    policy = _policy(document)
    check_policy(policy)
    return policy


def load_proposal(path: Path) -> ProposedAgreement:
    """Read a proposed agreement's YAML. Raises PolicyInvalid naming the file, and each problem."""

    return in_file(path, lambda: proposal_in(_document(path, ProposalDocument)))


def proposal_in(document: ProposalDocument) -> ProposedAgreement:
    """The proposal that a document states. Raises PolicyInvalid."""
    return ProposedAgreement(document.agreement(OFFICERS_TO_COME))


def in_file(path: Path, work: Callable[[], ValueT]) -> ValueT:
    """What `work` answers; what it refuses is said to stand in that file. Raises PolicyInvalid."""
    try:
        return work()
    except PolicyInvalid as error:
        problems = error.problems
    # Outside the block: what was read would otherwise travel along as the error's context.
    raise PolicyInvalid(problems, path.name)


def render_policy(policy: Policy) -> str:
    """The YAML that states this policy: what `load_policy` reads is equal to it, epochs and early ends apart."""
    document = to_document(policy)
    content = {
        "schema": "hub/policy@1",
        "agencies": [
            {"id": one["id"], "label": one["label"], "suspended": one["is_suspended"]}
            for one in document["agencies"]
        ],
        "purposes": document["purposes"],
        "agreements": [
            {name: one[name] for name in AgreementEntry.model_fields}
            | {"assurance_min": Assurance(one["assurance_min"]).name.lower()}
            for one in document["agreements"]
        ],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def render_schema() -> str:
    """The JSON Schema of hub/policy@1 as text, the same on every machine."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **PolicyDocument.model_json_schema(by_alias=True, mode="validation"),
    }
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


class _PolicyLoader(StrictLoader):
    """Guesses at null, true, false and whole numbers; a day stays text."""


_PolicyLoader.guess(
    (
        ("null", r"~|null|", "~n "),
        ("bool", r"true|false", "tf"),
        ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    )
)


def _document(path: Path, form: type[FormT]) -> FormT:
    content = _content(path)
    try:
        return form.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    raise PolicyInvalid([_problem(one) for one in found])


def _content(path: Path) -> object:
    try:
        return read_document(path, _PolicyLoader)
    except DocumentUnreadable as unreadable:
        detail = str(unreadable)
    raise PolicyInvalid([Problem("document", Rule.UNREADABLE, detail)])


def _policy(document: PolicyDocument) -> Policy:
    problems: list[Problem] = []
    policy = Policy(
        agencies=tuple(_built("agencies", [one.value for one in document.agencies], problems)),
        purposes=tuple(_built("purposes", [one.value for one in document.purposes], problems)),
        agreements=tuple(
            _built("agreements", [one.value for one in document.agreements], problems)
        ),
    )
    if problems:
        raise PolicyInvalid(problems)
    return policy


def _built(
    place: str, makers: Iterable[Callable[[], ValueT]], problems: list[Problem]
) -> Iterator[ValueT]:
    for index, make in enumerate(makers):
        try:
            yield make()
        except PolicyInvalid as error:
            problems += [
                Problem(f"{place}[{index}].{one.where}", one.rule, one.detail)
                for one in error.problems
            ]


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        problem = Problem(name, Rule.MALFORMED, "no such day")
    raise PolicyInvalid([problem])


def _problem(error: ErrorDetails) -> Problem:
    where = path_of(error["loc"])
    is_end = bool(error["loc"]) and error["loc"][-1] == "ends_on"
    # `ends_on:` and `ends_on: null` say as little as leaving it out.
    if is_end and error["type"] in ("missing", "string_type"):
        return Problem(where, Rule.NO_END_DATE)
    match error["type"]:
        case "missing":
            return Problem(where, Rule.MISSING)
        case "extra_forbidden":
            return Problem(where, Rule.UNKNOWN_FIELD)
        case "literal_error" | "enum":
            return Problem(where, Rule.MALFORMED, f"must be {error['ctx']['expected']}")
        case _:
            return Problem(where, Rule.MALFORMED, error["msg"])


def main() -> None:
    """Write the schema."""
    SCHEMA_FILE.parent.mkdir(exist_ok=True)
    SCHEMA_FILE.write_text(render_schema(), "utf-8")


if __name__ == "__main__":
    main()
