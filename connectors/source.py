"""A source's YAML: what it may say, checked when it is loaded.

Decides the grammar of `hub/source@1` and what of it changes the meaning of rows (the fingerprint).
Leaves and canonical fields are leaf.py's and canonical.py's, where the rows are connection.py's.
"""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    Field,
    model_validator,
)

from connectors.canonical import MomentLeaf, RecordMap, SourceId
from connectors.connection import Connection, FilesConnection, SqlConnection
from connectors.contract import ROW_NUMBER
from connectors.document import load_document
from connectors.leaf import leaves
from connectors.steps import ColumnName, Formats, Strict, check_formats
from hub.domain.records import ConstituentKind, CustomAttribute

MEANING_VERSION = 1
"""Raised when this package reads the same row and YAML differently, so that rows are mapped anew."""

MEANING: dict[str, bool | dict[str, bool]] = {
    **dict.fromkeys(("id", "kind", "key", "sensitive", "as_of", "map"), True),
    "contract": {"columns": True},
}


class Mode(StrEnum):
    """snapshot: the source gives everything each time. incremental: only rows since the cursor."""

    SNAPSHOT = "snapshot"
    INCREMENTAL = "incremental"


class ColumnType(StrEnum):
    """What the values of a column must be, as text or as the transport's own type."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"


class ColumnContract(Strict):
    """What the source promises of one column.

    Dates written as text are read by `format`, else by the date transforms the mapping has for this
    column, else as ISO 8601.
    """

    required: bool = False
    type: ColumnType | None = None
    format: Formats | None = None

    @model_validator(mode="after")
    def _format_is_for_dates(self) -> ColumnContract:
        if self.format is not None:
            if self.type not in (ColumnType.DATE, ColumnType.DATETIME):
                raise ValueError("format goes with type: date or datetime")
            check_formats(self.format)
        return self


class Contract(Strict):
    """What the source promises of its rows, and how much breakage stops a load."""

    columns: dict[ColumnName, ColumnContract] = Field(default_factory=dict)
    rejected_share_max: Annotated[float, Field(ge=0, le=1)] = 0.05
    unknown_columns: Literal["ignore", "refuse"] = "ignore"


def _as_columns(value: object) -> object:
    return [value] if isinstance(value, str) else value


KeyColumns: TypeAlias = Annotated[
    list[ColumnName],
    Field(min_length=1),
    BeforeValidator(_as_columns, json_schema_input_type=str | list[str]),
]


class SourceBody(Strict):
    """What every document that describes rows says, a source's and an evaluation's alike."""

    id: SourceId
    label: str | None = None
    kind: ConstituentKind
    connection: Connection
    key: KeyColumns
    duplicate_free: bool = False
    sensitive: bool = False
    as_of: MomentLeaf | None = None
    contract: Contract = Contract()
    map: RecordMap

    @model_validator(mode="after")
    def _consistent(self) -> SourceBody:
        if len(set(self.key)) != len(self.key):
            raise ValueError("key names a column twice")
        if problem := self.map.problem_for(self.kind):
            raise ValueError(f"map.{problem}")
        if self.numbers_rows and self.key != [ROW_NUMBER]:
            raise ValueError(f"{ROW_NUMBER} is a key of its own, without other columns")
        if self.numbers_rows and not isinstance(self.connection, FilesConnection):
            raise ValueError(f"{ROW_NUMBER} numbers the rows of files; a table has a key")
        return self

    @property
    def columns_used(self) -> tuple[str, ...]:
        """Every column the key, the mapping or as_of reads, in the order they are named."""
        mapped = [name for leaf in leaves(self) for name in leaf.names]
        return tuple(dict.fromkeys([*self.key, *mapped]))

    @property
    def numbers_rows(self) -> bool:
        """Whether the reader must add the row's position as a column."""
        return ROW_NUMBER in self.columns_used

    @property
    def custom_attributes(self) -> tuple[CustomAttribute, ...]:
        """The declared custom attributes, by name."""
        declared = sorted(self.map.custom.items())
        return tuple(CustomAttribute(name, leaf.compare) for name, leaf in declared)

    @property
    def fingerprint(self) -> str:
        """A digest of what changes the meaning of a row: equal rows under equal digests are no news.

        The connection, the mode and what only governs linking, showing or stopping are left out.
        """
        # exclude_unset, because `otherwise: null` and no `otherwise` differ only in having been said.
        meaning = self.model_dump(mode="json", include=MEANING, exclude_unset=True)
        text = json.dumps([MEANING_VERSION, meaning], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


Rank: TypeAlias = Annotated[int, Field(ge=1)]

_NAMES = {
    "name": ("full_name", "given_name", "middle_name", "family_name", "legal_name"),
    "birth_name": ("birth_name",),
    "alternative_name": ("alternative_names",),
    "trading_name": ("trading_names",),
    "address": ("addresses",),
}
_AS_THEY_ARE = (
    "birth_date", "death_date", "sex", "gender", "preferred_language", "legal_form", "activity",
    "status",
)  # fmt: skip


def attributes(mapping: RecordMap) -> list[str]:
    """What a profile can show of a source with this mapping, as the profile names it, by name."""
    fields = _NAMES | {name: (name,) for name in _AS_THEY_ARE}
    stated = {name for name, keys in fields.items() if any(getattr(mapping, key) for key in keys)}
    stated |= {point.kind.value for point in mapping.contact_points}
    stated |= {identifier.scheme for identifier in mapping.identifiers}
    return sorted(stated | set(mapping.custom))


class Source(SourceBody):
    """One back-office system of an agency: where its rows are and what they mean.

    authority: attribute as a profile names it -> the source's rank in it, 1 believed first.
    """

    document: Literal["hub/source@1"] = Field(alias="schema")
    agency: SourceId
    mode: Mode
    authority: dict[SourceId, Rank] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _authority_is_over_what_it_states(self) -> Source:
        stated = attributes(self.map)
        unknown = next((name for name in self.authority if name not in stated), None)
        if unknown is not None:
            raise ValueError(
                f"authority.{unknown}: the map states no such attribute; it states "
                + ", ".join(stated)
            )
        return self

    @model_validator(mode="after")
    def _cursor_fits_mode(self) -> Source:
        if isinstance(self.connection, SqlConnection):
            is_incremental = self.mode is Mode.INCREMENTAL
            if is_incremental and self.connection.cursor is None:
                raise ValueError("connection.cursor: mode incremental needs the column it follows")
            if not is_incremental and self.connection.cursor is not None:
                raise ValueError("connection.cursor: goes with mode incremental")
        return self


def load_source(path: Path) -> Source:
    """Read a source's YAML. Raises SourceInvalid naming each problem by its path and rule."""
    return load_document(path, Source)
