"""An evaluation's YAML: labelled data sets, mapped like sources, each row with its truth.

Decides the grammar of `hub/evaluation@1` and how a row's truth is read. Comparing clusters with the
truth is matching.measures'.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from connectors.canonical import SourceId
from connectors.contract import Row
from connectors.document import load_document
from connectors.getters import text_getter
from connectors.leaf import Leaf
from connectors.mapping import Mapper
from connectors.source import Mode, Source, SourceBody
from connectors.steps import Strict
from connectors.values import Broken
from hub.domain.records import CustomAttribute, Record, Rejected


class LabelledSource(SourceBody):
    """A source whose rows say which constituent they are about.

    truth: rows with the same truth are one constituent, across all sources of the evaluation; a row
    without truth is loaded and linked but not judged. sample: read only the first so many rows.
    """

    truth: Leaf
    sample: Annotated[int, Field(ge=1)] | None = None

    def as_source(self) -> Source:
        """The same rows as an ordinary snapshot source, of an agency named like it."""
        fields = {name: value for name, value in self if name in SourceBody.model_fields}
        return Source.model_validate(
            {**fields, "schema": "hub/source@1", "agency": self.id, "mode": Mode.SNAPSHOT}
        )


class Evaluation(Strict):
    """Labelled sources to link and measure together. model: use this one instead of training."""

    document: Literal["hub/evaluation@1"] = Field(alias="schema")
    id: SourceId
    label: str | None = None
    model: str | None = None
    sources: Annotated[tuple[LabelledSource, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits_together(self) -> Evaluation:
        if len({source.id for source in self.sources}) != len(self.sources):
            raise ValueError("sources: two have the same id")
        for one in self.custom_attributes:
            if sum(one.name == other.name for other in self.custom_attributes) > 1:
                raise ValueError(f"map.custom.{one.name}: sources compare it in different ways")
        return self

    @property
    def custom_attributes(self) -> tuple[CustomAttribute, ...]:
        """The custom attributes of all sources, by name."""
        return tuple(sorted({a for source in self.sources for a in source.custom_attributes}))


@dataclass(frozen=True, slots=True)
class Labelled:
    """A record and the truth about it, None where the row says none."""

    record: Record
    truth: str | None


class LabelledMapper:
    """As Mapper, with each row's truth."""

    def __init__(self, source: LabelledSource, columns: tuple[str, ...]) -> None:
        self._mapper = Mapper(source, columns)
        at = {name: position for position, name in enumerate(columns)}
        self._truth = text_getter(source.truth, at)

    def key(self, values: Row) -> str | None:
        """As Mapper.key."""
        return self._mapper.key(values)

    def record(self, values: Row, row: int, location: str | None) -> Labelled | Rejected:
        """The row as a record with its truth, or the rule it broke."""
        record = self._mapper.record(values, row, location)
        if isinstance(record, Rejected):
            return record
        try:
            return Labelled(record, self._truth(values))
        except Broken as broken:
            return Rejected(row, broken.field, broken.rule, location)


def load_evaluation(path: Path) -> Evaluation:
    """Read an evaluation's YAML. Raises SourceInvalid naming each problem by its path and rule."""
    return load_document(path, Evaluation)
