"""Which canonical field takes which leaf: the YAML under `map`.

Decides the names a mapping may use and what belongs to a person or an organization. The fields
themselves are hub.domain.records'; filling them is mapping.py's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeAlias

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from connectors.leaf import Leaf
from connectors.steps import LookupStep, Strict
from connectors.values import (
    Broken,
    as_boolean,
    as_date,
    as_moment,
    as_role,
    as_sex,
    as_status,
)
from hub.domain.records import (
    ConstituentKind,
    ContactKind,
    CustomComparison,
    RelationshipKind,
    Role,
)

SOURCE_ID = r"^[a-z][a-z0-9_]*$"

SourceId: TypeAlias = Annotated[str, Field(pattern=SOURCE_ID)]


def _reads(sink: Callable[[object], object], expected: str) -> AfterValidator:
    """Refuse a constant, or a lookup's words, that the field could never take."""

    def check(leaf: Leaf) -> Leaf:
        words: list[object] = [leaf.constant]
        if leaf.transforms and isinstance(last := leaf.transforms[-1], LookupStep):
            words = [*last.lookup.values(), last.otherwise]
        try:
            for word in words:
                sink(word)
        except Broken:
            raise ValueError(f"a constant or a lookup's result must be {expected}") from None
        return leaf

    return AfterValidator(check)


DateLeaf: TypeAlias = Annotated[Leaf, _reads(as_date, "a date, as in 2024-01-31")]
MomentLeaf: TypeAlias = Annotated[Leaf, _reads(as_moment, "a date or a moment")]
SexLeaf: TypeAlias = Annotated[Leaf, _reads(as_sex, "female, male, other or unknown")]
BooleanLeaf: TypeAlias = Annotated[Leaf, _reads(as_boolean, "true or false")]
StatusLeaf: TypeAlias = Annotated[
    Leaf, _reads(as_status, "active, pending, expired, suspended or revoked")
]


class RoleLeaf(Leaf):
    """A leaf that gives a role. Among roles a bare text is a role's name, never a column."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler.resolve_ref_schema(handler(core_schema))


RoleEntry: TypeAlias = Annotated[
    Annotated[Role, Tag("<role>")]
    | Annotated[RoleLeaf, _reads(as_role, "one of the roles"), Tag("<leaf>")],
    Discriminator(lambda value: "<role>" if isinstance(value, str) else "<leaf>"),
]


class NameMap(Strict):
    """A name in parts, as one text, or both."""

    full_name: Leaf | None = None
    given_name: Leaf | None = None
    middle_name: Leaf | None = None
    family_name: Leaf | None = None
    name_suffix: Leaf | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> NameMap:
        if not self.model_fields_set:
            raise ValueError("a name needs at least one of its parts")
        return self


class AddressMap(Strict):
    """An address in parts, or as one text in full_address."""

    full_address: Leaf | None = None
    delivery_line: Leaf | None = None
    unit: Leaf | None = None
    city: Leaf | None = None
    admin_unit_l2: Leaf | None = None
    post_code: Leaf | None = None
    country: Leaf | None = None
    use: Leaf | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> AddressMap:
        if not self.model_fields_set - {"use", "country"}:
            raise ValueError("an address needs more than its use and country")
        return self


class ContactPointMap(Strict):
    """A telephone number or an e-mail address."""

    kind: ContactKind
    value: Leaf
    use: Leaf | None = None
    verified_on: DateLeaf | None = None


class IdentifierMap(Strict):
    """A number somebody issued; `scheme` is the register's name, not a column."""

    scheme: SourceId
    value: Leaf
    issuer: Leaf | None = None
    valid_until: DateLeaf | None = None
    is_verified: BooleanLeaf | None = None


class HoldingMap(Strict):
    """A licence, permit, registration or benefit."""

    type: Leaf
    number: Leaf | None = None
    status: StatusLeaf | None = None
    valid_from: DateLeaf | None = None
    valid_until: DateLeaf | None = None


class RelationshipMap(Strict):
    """What this record is to another: `owner` of `business_registry:<other>`."""

    kind: RelationshipKind
    source: SourceId
    other: Leaf
    valid_from: DateLeaf | None = None
    valid_until: DateLeaf | None = None


class CaseMap(Strict):
    """A pointer to a case in an agency's system."""

    type: Leaf
    number: Leaf
    status: Leaf | None = None
    opened_on: DateLeaf | None = None
    closed_on: DateLeaf | None = None


class CustomMap(Leaf):
    """An attribute beyond the canonical ones, and how two values of it compare."""

    compare: CustomComparison = CustomComparison.TEXT


PERSON_FIELDS = (
    "full_name", "given_name", "middle_name", "family_name", "name_suffix", "birth_name",
    "alternative_names", "birth_date", "death_date", "sex", "gender",
)  # fmt: skip
ORGANIZATION_FIELDS = ("legal_name", "trading_names", "legal_form", "activity")


class RecordMap(Strict):
    """The whole mapping: the source's columns in the hub's words."""

    roles: tuple[RoleEntry, ...] = ()
    full_name: Leaf | None = None
    given_name: Leaf | None = None
    middle_name: Leaf | None = None
    family_name: Leaf | None = None
    name_suffix: Leaf | None = None
    birth_name: NameMap | None = None
    alternative_names: tuple[NameMap, ...] = ()
    legal_name: Leaf | None = None
    trading_names: tuple[Leaf, ...] = ()
    birth_date: DateLeaf | None = None
    death_date: DateLeaf | None = None
    sex: SexLeaf | None = None
    gender: Leaf | None = None
    preferred_language: Leaf | None = None
    legal_form: Leaf | None = None
    activity: Leaf | None = None
    status: Leaf | None = None
    addresses: tuple[AddressMap, ...] = ()
    contact_points: tuple[ContactPointMap, ...] = ()
    identifiers: tuple[IdentifierMap, ...] = ()
    holdings: tuple[HoldingMap, ...] = ()
    relationships: tuple[RelationshipMap, ...] = ()
    cases: tuple[CaseMap, ...] = ()
    custom: dict[SourceId, CustomMap] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_legal_name(self) -> RecordMap:
        if not self.model_fields_set:
            raise ValueError("maps nothing")
        if self.legal_name and any(name in self.model_fields_set for name in PERSON_FIELDS[:5]):
            raise ValueError("two legal names: legal_name, and the parts of a person's name")
        return self

    def problem_for(self, kind: ConstituentKind) -> str | None:
        """The first field that does not belong to this kind of constituent."""
        foreign = ORGANIZATION_FIELDS if kind is ConstituentKind.PERSON else PERSON_FIELDS
        first = next((name for name in foreign if name in self.model_fields_set), None)
        return first and f"{first}: a field of the other kind, this source is of kind {kind}"
