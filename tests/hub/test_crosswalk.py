"""crosswalk.yaml names every field of the canonical record, and no other."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from hub.domain import records

PATH = Path(records.__file__).with_name("crosswalk.yaml")
VOCABULARIES = ("niem", "eu", "schema_org", "fhir", "scim")
PREFIXED = ("niem", "eu", "schema_org")
FHIR_PATH = re.compile(r"[A-Z][A-Za-z]+(\.[a-z][A-Za-z]*)*")
SCIM_PATH = re.compile(r"[a-z][A-Za-z]*(\.[a-z][A-Za-z]*)?")


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    field: str
    niem: str | None
    eu: str | None
    schema_org: str | None = Field(alias="schema")
    fhir: str | None
    scim: str | None


class Crosswalk(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    version: str = Field(alias="schema", pattern="^hub/crosswalk@1$")
    prefixes: dict[str, str]
    fields: list[Row]


@pytest.fixture(scope="module")
def crosswalk() -> Crosswalk:
    return Crosswalk.model_validate(yaml.safe_load(PATH.read_text(encoding="utf-8")))


def _canonical_fields() -> list[str]:
    classes = [
        thing for thing in vars(records).values() if isinstance(thing, type) and is_dataclass(thing)
    ]
    return [f"{one.__name__}.{field.name}" for one in classes for field in fields(one)]


def test_every_canonical_field_has_exactly_one_row_and_no_row_names_another(
    crosswalk: Crosswalk,
) -> None:
    assert [row.field for row in crosswalk.fields] == _canonical_fields()


def test_every_term_carries_a_declared_prefix_and_every_prefix_is_used(
    crosswalk: Crosswalk,
) -> None:
    used = set()
    for row in crosswalk.fields:
        for vocabulary in PREFIXED:
            for term in re.split(r" \| |, ", getattr(row, vocabulary) or ""):
                for step in term.split("/") if term else []:
                    prefix, colon, name = step.rpartition(":")
                    assert name.isalnum(), row.field
                    assert colon or "/" in term, row.field
                    used.update({prefix} - {""})
    assert used == set(crosswalk.prefixes)


def test_fhir_and_scim_terms_are_paths(crosswalk: Crosswalk) -> None:
    for row in crosswalk.fields:
        for vocabulary, path in (("fhir", FHIR_PATH), ("scim", SCIM_PATH)):
            for term in re.split(r" \| |, ", getattr(row, vocabulary) or ""):
                assert not term or path.fullmatch(term), row.field


def test_the_words_that_identify_a_person_are_in_every_vocabulary(crosswalk: Crosswalk) -> None:
    by_field = {row.field: row for row in crosswalk.fields}
    for field in ("Name.given_name", "Name.family_name", "Address.city", "Address.post_code"):
        assert all(getattr(by_field[field], vocabulary) for vocabulary in VOCABULARIES)
