"""What several routes read and write: references, names, dates, in the words of hub.domain.

Decides the shapes at the wire. Text is bounded here, so that nothing below meets a megabyte of surname.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from hub.domain.records import (
    Address,
    ConstituentKind,
    ContactKind,
    ContactPoint,
    Identifier,
    Name,
    NameUse,
    RecordKey,
)
from hub.journeys.describing import Description

TEXT_MAX = 200

_CONTROLS = r"\x00-\x1f\x7f-\x9f"

#: Printable text within one line: control characters mean nothing in a name, and break logs; blanks alone are no text.
#: Bounded before it is trimmed, so that the schema says exactly what is taken.
Text: TypeAlias = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=TEXT_MAX,
        pattern=rf"^[^{_CONTROLS}]*[^{_CONTROLS}\s\ufeff][^{_CONTROLS}]*$",
    ),
    AfterValidator(str.strip),
]
Slug: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_-]*$")
]
#: Names of purposes, agreements and agencies, as a policy states them.
PolicyName: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._:-]+$")
]
Sentence: TypeAlias = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2_000, pattern=r"[^\s\ufeff\x1c-\x1f\x85]"),
    AfterValidator(str.strip),
]


def _as_text(value: object) -> object:
    # Without it a number of seconds is a day, too, and text of them.
    if value is not None and not (isinstance(value, str) and value[4:5] == "-"):
        raise PydanticCustomError("iso_8601", "must be a day or a moment as ISO 8601 writes it")
    return value


def _each_once(values: object) -> object:
    if isinstance(values, list) and len({str(one) for one in values}) != len(values):
        raise PydanticCustomError("once", "must name each once")
    return values


#: A day in a body: `2026-11-25`, and nothing that could be taken for one.
Day: TypeAlias = Annotated[date, BeforeValidator(_as_text)]
#: A moment in a body, which must name its zone.
Moment: TypeAlias = Annotated[AwareDatetime, BeforeValidator(_as_text)]
#: Of a list that is a set, last, after its bounds: what stands in it twice is a mistake of its sender's.
EACH_ONCE = BeforeValidator(_each_once)


def one_way(*ways: str) -> dict[str, Any]:
    """What a schema says where exactly one of these members is to be given, and not null."""
    return {
        "oneOf": [
            {"required": [way], "properties": {way: {"not": {"type": "null"}}}} for way in ways
        ]
    }


class Strict(BaseModel):
    """A body that states nothing the route does not know: a mistyped name is told, not passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RecordRef(Strict):
    """A record by its source and the source's own key."""

    source: Slug
    key: Annotated[Text, Field(examples=["P730266141"])]

    def value(self) -> RecordKey:
        """As the journeys know it."""
        return RecordKey(self.source, self.key)


class NameIn(Strict):
    """A name, in parts or as one."""

    use: NameUse = NameUse.LEGAL
    full_name: Text | None = None
    given_name: Text | None = None
    middle_name: Text | None = None
    family_name: Text | None = None
    name_suffix: Text | None = None


class AddressIn(Strict):
    """An address, in parts or as one line."""

    full_address: Text | None = None
    delivery_line: Text | None = None
    unit: Text | None = None
    city: Text | None = None
    admin_unit_l2: Text | None = None
    post_code: Text | None = None
    country: Text | None = None


class ContactPointIn(Strict):
    """A telephone number or an e-mail address."""

    kind: ContactKind
    value: Text


class IdentifierIn(Strict):
    """A number somebody issued to her."""

    scheme: Slug
    value: Text


class DescriptionIn(Strict):
    """What the caller knows of whom it asks for. A name alone finds nobody: at least two strong attributes."""

    kind: ConstituentKind
    names: Annotated[list[NameIn], Field(max_length=5)] = []
    birth_date: Day | None = None
    addresses: Annotated[list[AddressIn], Field(max_length=5)] = []
    contact_points: Annotated[list[ContactPointIn], Field(max_length=5)] = []
    identifiers: Annotated[list[IdentifierIn], Field(max_length=5)] = []

    def value(self) -> Description:
        """As the journeys know it."""
        return Description(
            self.kind,
            tuple(Name(**one.model_dump()) for one in self.names),
            self.birth_date,
            tuple(Address(**one.model_dump()) for one in self.addresses),
            tuple(ContactPoint(one.kind, one.value) for one in self.contact_points),
            tuple(Identifier(one.scheme, one.value) for one in self.identifiers),
        )


ShownId: TypeAlias = Annotated[
    UUID, Field(description="The id the agency was shown: pairwise, of no use to any other agency.")
]
