"""The smallest part of a mapping: where one value comes from.

Decides the YAML of a leaf. What is done to the value is steps.py's; canonical.py says which canonical
field takes which kind of leaf.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from connectors.steps import ColumnName, Scalar, Step, Strict


class Leaf(Strict):
    """Where one value comes from: a column, several columns joined, or a constant.

    A bare text in the YAML is short for `{column: text}`.
    """

    column: ColumnName | None = None
    columns: Annotated[list[ColumnName], Field(min_length=1)] | None = None
    join: str = " "
    constant: Scalar | None = None
    transforms: tuple[Step, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        if isinstance(value, str):
            return {"column": value}
        if isinstance(value, dict | Leaf):
            return value
        raise ValueError(
            "must be a column name, or {column: ...}, {columns: ...} or {constant: ...}"
        )

    @model_validator(mode="after")
    def _one_origin(self) -> Leaf:
        origins = [o for o in (self.column, self.columns, self.constant) if o is not None]
        if len(origins) != 1:
            raise ValueError("needs exactly one of column, columns and constant")
        if "join" in self.model_fields_set and self.columns is None:
            raise ValueError("join goes with columns")
        if self.constant is not None and self.transforms:
            raise ValueError("a constant takes no transforms")
        return self

    @property
    def names(self) -> list[str]:
        """The columns it reads, none for a constant."""
        if self.columns is not None:
            return self.columns
        return [] if self.column is None else [self.column]

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        full = handler.resolve_ref_schema(handler(core_schema))
        return {"anyOf": [{"type": "string", "minLength": 1}, full], "title": full.get("title")}


def leaves(part: object) -> Iterator[Leaf]:
    """Every leaf inside a document's part, at any depth."""
    if isinstance(part, Leaf):
        yield part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from leaves(getattr(part, name))
    elif isinstance(part, tuple):
        for one in part:
            yield from leaves(one)
    elif isinstance(part, dict):
        for one in part.values():
            yield from leaves(one)
