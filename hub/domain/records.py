"""What a source says of one constituent: the canonical record.

Decides the shape and the names of a record's values, for persons and organizations alike. Values are
as the source states them, trimmed and typed; making them comparable is matching.standardise's work,
choosing among sources is survivorship's. The crosswalk to NIEM, EU Core, schema.org and FHIR is
hub/domain/crosswalk.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class ConstituentKind(StrEnum):
    """A constituent is a person or an organization; records of different kinds never link."""

    PERSON = "person"
    ORGANIZATION = "organization"


class Role(StrEnum):
    """In what capacity the source knows the constituent. Roles are not separate constituents."""

    CITIZEN = "citizen"
    EMPLOYEE = "employee"
    CONTRACTOR = "contractor"
    SUPPLIER = "supplier"
    OFFICER = "officer"
    OWNER = "owner"
    STUDENT = "student"
    BENEFICIARY = "beneficiary"
    LICENSEE = "licensee"
    TAXPAYER = "taxpayer"


class NameUse(StrEnum):
    """What a name is: the legal one, the one at birth, any other, or a trading name (organizations)."""

    LEGAL = "legal"
    BIRTH = "birth"
    ALTERNATIVE = "alternative"
    TRADING = "trading"


class Sex(StrEnum):
    """Sex as recorded by the source; gender is a field of its own."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"


class ContactKind(StrEnum):
    """How a contact point reaches the constituent."""

    PHONE = "phone"
    EMAIL = "email"


class HoldingStatus(StrEnum):
    """The issuing agency's word on a holding, in five values."""

    ACTIVE = "active"
    PENDING = "pending"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class RelationshipKind(StrEnum):
    """What the record's constituent is to the other one: `owner` reads "is owner of"."""

    OWNER = "owner"
    OFFICER = "officer"
    EMPLOYEE = "employee"
    GUARDIAN = "guardian"
    REPRESENTATIVE = "representative"
    HOUSEHOLD = "household"


class CustomComparison(StrEnum):
    """How two values of a custom attribute are compared."""

    EXACT = "exact"
    TEXT = "text"
    DATE = "date"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, order=True)
class CustomAttribute:
    """An attribute beyond the canonical ones that a source declares and the model then uses."""

    name: str
    comparison: CustomComparison


@dataclass(frozen=True, slots=True, order=True)
class RecordKey:
    """A record's address: the source's id and the source's own local id.

    Written `source:local_id`; a source id never holds a colon, a local id may.
    """

    source: str
    local_id: str

    def __str__(self) -> str:
        return f"{self.source}:{self.local_id}"

    @classmethod
    def parse(cls, text: str) -> RecordKey:
        """Read `source:local_id`. Raises ValueError when either side is empty."""
        source, separator, local_id = text.partition(":")
        if not (source and separator and local_id):
            raise ValueError("a record key is written source:local_id")
        return cls(source, local_id)


@dataclass(frozen=True, slots=True)
class Name:
    """One name. A source gives the parts, or `full_name`, or both; organizations only `full_name`."""

    use: NameUse = NameUse.LEGAL
    full_name: str | None = None
    given_name: str | None = None
    middle_name: str | None = None
    family_name: str | None = None
    name_suffix: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address: in parts, or as `full_address` where the source has one line.

    `delivery_line` is number and street; `admin_unit_l2` the state, province or county.
    """

    full_address: str | None = None
    delivery_line: str | None = None
    unit: str | None = None
    city: str | None = None
    admin_unit_l2: str | None = None
    post_code: str | None = None
    country: str | None = None
    use: str | None = None


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """A telephone number or an e-mail address, as the source wrote it."""

    kind: ContactKind
    value: str
    use: str | None = None
    verified_on: date | None = None


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number somebody issued to the constituent.

    `scheme` names the register: `ssn` (national personal number), `ein` (national business number),
    `driving_licence`, `business_registration` ... Strong evidence when equal, never proof.
    """

    scheme: str
    value: str
    issuer: str | None = None
    valid_until: date | None = None
    is_verified: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """A licence, permit, registration or benefit: anything with a term.

    Type, status and dates rest in the clear unless the source is sensitive; the number is sealed.
    """

    type: str
    number: str | None = None
    status: HoldingStatus | None = None
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Relationship:
    """What this record's constituent is to that of another record, of this source or another."""

    kind: RelationshipKind
    other: RecordKey
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class CaseReference:
    """A pointer to a case in an agency's system; the case itself stays there."""

    type: str
    number: str
    status: str | None = None
    opened_on: date | None = None
    closed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Everything one source holds on one constituent, in the hub's words.

    `custom` holds attributes a source declares beyond the canonical ones (a birthplace, an
    occupation); `as_of` is when the source last touched its row, None where it does not say.
    """

    key: RecordKey
    kind: ConstituentKind
    as_of: date | datetime | None = None
    roles: tuple[Role, ...] = ()
    names: tuple[Name, ...] = ()
    birth_date: date | None = None
    death_date: date | None = None
    sex: Sex | None = None
    gender: str | None = None
    preferred_language: str | None = None
    legal_form: str | None = None
    activity: str | None = None
    status: str | None = None
    addresses: tuple[Address, ...] = ()
    contact_points: tuple[ContactPoint, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    holdings: tuple[Holding, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    cases: tuple[CaseReference, ...] = ()
    custom: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that may not become a record: where it stood and the rule it broke, never a value.

    `row` counts from 1 within its file or query; `field` is the source's own column or the canonical
    field, None for the row as a whole; `rule` is one of the RULES of connectors.contract.
    """

    row: int
    field: str | None
    rule: str
    location: str | None = None
