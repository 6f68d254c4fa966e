"""What staff name and are told by name: a constituent, a record, and what an act did to them.

Decides the shapes at the wire that several routes of stewards share. Staff see public ids; agencies come nowhere here.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from fastapi import Path, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.etags import etag
from api.v1.words import RecordRef, Strict, one_way
from hub.journeys.counter import Named

NUMBER_MAX: Final = 10**15

Number: TypeAlias = Annotated[int, Path(ge=1, le=NUMBER_MAX)]
"""A number of the hub's own, that names nobody."""


class ConstituentIn(Strict):
    """One constituent: by the key of one of its records, or by an id: of staff the public one, of an agency its own."""

    model_config = ConfigDict(json_schema_extra=one_way("record", "id"))

    record: RecordRef | None = None
    id: UUID | None = None

    @model_validator(mode="after")
    def _is_one(self) -> ConstituentIn:
        if (self.record is None) == (self.id is None):
            raise ValueError("exactly one of record and id")
        return self

    def named(self) -> Named:
        """As the journeys know it."""
        if self.record is not None:
            return self.record.value()
        assert self.id is not None
        return self.id

    def text(self) -> str:
        """As the journeys read a reference of staff."""
        return str(self.named())


class PairIn(Strict):
    """Two records, or two constituents."""

    left: ConstituentIn
    right: ConstituentIn


class Out(BaseModel):
    """An answer that is read off what a journey answers, by the names of its parts."""

    model_config = ConfigDict(from_attributes=True)


class RecordOut(Out):
    """A record. key: null where its constituent was erased."""

    source: str
    key: Annotated[str | None, Field(validation_alias="local_id")]


class MergedOut(Out):
    """An id that answers with another from now on."""

    id: UUID
    into: UUID


class PartedOut(Out):
    """An id from which records went to others: ids given back, and how many new ones."""

    id: UUID
    given_back: list[UUID]
    new: int


class EffectsOut(Out):
    """What was changed, of whom the caller may see. records_moved: by agency, records now under another id."""

    merged: list[MergedOut]
    parted: list[PartedOut]
    records_moved: dict[str, int]
    reviews_opened: int
    reviews_closed: int


class ActOut(Out):
    """An act, done or previewed; a preview names neither numbers nor new ids.

    act: what to withdraw it by. judgements: those it made; repeated: those that said so before; ended: those it ended.
    issued: ids that came to be.
    """

    act: Annotated[UUID | None, Field(validation_alias="act_id")]
    judgements: list[int]
    repeated: list[int]
    ended: list[int]
    issued: list[UUID]
    effects: EffectsOut


def with_token(answer: Out, token: str | None) -> Response:
    """An answer whose ETag names the state that an act on it may rest on."""
    headers = {} if token is None else etag(token)
    return Response(answer.model_dump_json(), headers=headers, media_type="application/json")


ETAGGED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "headers": {
            "ETag": {
                "schema": {"type": "string"},
                "description": "The state that was shown: what an act's If-Match must name.",
            }
        }
    }
}
"""What OpenAPI says of such an answer."""
