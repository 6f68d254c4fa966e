"""What a source may declare authority over, and that it never changes what its rows mean."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from connectors.schema import FOLDER
from connectors.source import attributes
from hub.domain.errors import SourceInvalid
from tests.connectors.documents import BUSINESSES, DRIVERS, source

EVERYTHING = {
    "given_name": "a",
    "birth_name": {"full_name": "b"},
    "alternative_names": [{"full_name": "c"}],
    "birth_date": "d",
    "sex": "e",
    "status": "f",
    "addresses": [{"city": "g"}],
    "contact_points": [{"kind": "phone", "value": "h"}, {"kind": "email", "value": "i"}],
    "identifiers": [{"scheme": "ssn", "value": "j"}],
    "custom": {"birthplace": "k"},
}


def test_a_source_declares_its_rank_in_attributes(tmp_path: Path) -> None:
    assert source(tmp_path).authority == {}
    assert source(tmp_path, authority={"name": 2}).authority == {"name": 2}


def test_attributes_are_named_as_a_profile_shows_them(tmp_path: Path) -> None:
    assert attributes(source(tmp_path, map=EVERYTHING).map) == sorted(
        [
            "name",
            "birth_name",
            "alternative_name",
            "birth_date",
            "sex",
            "status",
            "address",
            "phone",
            "email",
            "ssn",
            "birthplace",
        ]
    )
    names = {"legal_name": "a", "trading_names": ["b"], "legal_form": "c", "activity": "d"}
    assert attributes(source(tmp_path, BUSINESSES, map=names).map) == [
        "activity",
        "legal_form",
        "name",
        "trading_name",
    ]


@pytest.mark.parametrize(
    ("authority", "problem"),
    [
        pytest.param(
            {"brith_date": 1},
            "document: authority.brith_date: the map states no such attribute; it states name",
            id="misspelled",
        ),
        pytest.param(
            {"phone": 1},
            "document: authority.phone: the map states no such attribute; it states name",
            id="not stated",
        ),
        pytest.param(
            {"name": 0}, "authority.name: Input should be greater than or equal to 1", id="rank 0"
        ),
        pytest.param(["name"], "authority: Input should be a valid dictionary", id="a list"),
    ],
)
def test_a_mistake_in_authority_is_told(tmp_path: Path, authority: object, problem: str) -> None:
    with pytest.raises(SourceInvalid) as caught:
        source(tmp_path, authority=authority)
    assert caught.value.problems == [problem]


def test_authority_does_not_change_what_rows_mean(tmp_path: Path) -> None:
    assert source(tmp_path, authority={"name": 1}).fingerprint == source(tmp_path).fingerprint


def test_an_editor_knows_authority() -> None:
    schema = json.loads((FOLDER / "source.schema.json").read_text("utf-8"))
    jsonschema.validate({**DRIVERS, "authority": {"name": 1}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**DRIVERS, "authority": {"name": 0}}, schema)
