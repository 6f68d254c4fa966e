"""Values that stand for "not known": loaded from placeholders.yaml and checked once, at import.

Which values, in which fields and why is data in that file. When a field's value is looked up, and in
what form, is decided by the module that standardises the field.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class PlaceholderField(StrEnum):
    """Where a placeholder counts. `text` is free text no other field describes."""

    GIVEN_NAME = "given_name"
    GIVEN_NAME_FILLER = "given_name_filler"
    MIDDLE_NAME = "middle_name"
    FAMILY_NAME = "family_name"
    FAMILY_NAME_BESIDE_PLACEHOLDER = "family_name_beside_placeholder"
    FULL_NAME = "full_name"
    ORGANIZATION = "organization"
    BIRTH_DATE = "birth_date"
    NUMBER = "number"
    PHONE = "phone"
    EMAIL = "email"
    EMAIL_LOCAL_PART = "email_local_part"
    EMAIL_DOMAIN = "email_domain"
    ADDRESS = "address"
    CITY = "city"
    ADMIN_UNIT = "admin_unit"
    POST_CODE = "post_code"
    TEXT = "text"


_Value = Annotated[str, StringConstraints(strict=True, min_length=1, pattern=r"^[!-@\[-~ ]+$")]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    values: Annotated[tuple[_Value, ...], Field(min_length=1)]
    fields: Annotated[tuple[PlaceholderField, ...], Field(min_length=1)]
    reason: Annotated[str, StringConstraints(min_length=10, pattern=r"^[^\n]+$")]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal["hub/placeholders@1"] = Field(alias="schema")
    entries: tuple[_Entry, ...]


def load(path: Path) -> dict[PlaceholderField, frozenset[str]]:
    """Every field's placeholders, in the field's comparable form.

    Raises ValueError (pydantic's ValidationError among them) for a file of another shape, a value
    given twice for one field, or a field without any value.
    """
    file = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    found: dict[PlaceholderField, set[str]] = {field: set() for field in PlaceholderField}
    for entry in file.entries:
        for field in entry.fields:
            twice = found[field].intersection(entry.values)
            if twice or len(set(entry.values)) < len(entry.values):
                raise ValueError(f"{path.name}: {field} lists a value twice ({entry.reason})")
            found[field].update(entry.values)
    if missing := [field.value for field, values in found.items() if not values]:
        raise ValueError(f"{path.name}: no value for {', '.join(missing)}")
    return {field: frozenset(values) for field, values in found.items()}


PLACEHOLDERS: Final = load(Path(__file__).with_name("placeholders.yaml"))
