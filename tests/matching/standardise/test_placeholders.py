"""placeholders.yaml: well-formed, each value reachable and each doing its work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from matching.standardise import (
    addresses,
    contacts,
    dates,
    identifiers,
    names,
    organizations,
    placeholders,
    text,
)
from matching.standardise.placeholders import PLACEHOLDERS, PlaceholderField

ENTRY = "  - {values: [unknown], fields: [given_name], reason: the clerk did not know}\n"


def _load(folder: Path, entries: str) -> object:
    path = folder / "placeholders.yaml"
    path.write_text(f"schema: hub/placeholders@1\nentries:\n{entries}", encoding="utf-8")
    return placeholders.load(path)


@pytest.mark.parametrize(
    ("entries", "rule"),
    [
        (ENTRY, "no value for"),
        (ENTRY + ENTRY, "twice"),
        (ENTRY.replace("given_name", "shoe_size"), "fields"),
        (ENTRY.replace("unknown", "Unknown"), "pattern"),
        (ENTRY.replace("unknown", "1900"), "valid string"),
        (ENTRY.replace("the clerk did not know", "why"), "at least 10"),
        (ENTRY.replace("values", "value"), "Extra inputs"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path: Path, entries: str, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        _load(tmp_path, entries)


def test_every_placeholder_is_no_evidence_in_its_field() -> None:
    found: dict[PlaceholderField, Callable[[str], object]] = {
        PlaceholderField.GIVEN_NAME: names.given,
        PlaceholderField.MIDDLE_NAME: names.middle,
        PlaceholderField.FAMILY_NAME: names.family,
        PlaceholderField.FULL_NAME: lambda value: names.split_full(value).family,
        PlaceholderField.FAMILY_NAME_BESIDE_PLACEHOLDER: (
            lambda value: names.personal(given_name="baby", family_name=value).family
        ),
        PlaceholderField.ORGANIZATION: organizations.name,
        PlaceholderField.NUMBER: lambda value: identifiers.canonical("permit", value),
        PlaceholderField.PHONE: contacts.phone,
        PlaceholderField.EMAIL: contacts.email,
        PlaceholderField.EMAIL_LOCAL_PART: lambda value: contacts.email(f"{value}@smith.org"),
        PlaceholderField.EMAIL_DOMAIN: lambda value: contacts.email(f"ann@{value}"),
        PlaceholderField.ADDRESS: addresses.line,
        PlaceholderField.CITY: addresses.city,
        PlaceholderField.ADMIN_UNIT: addresses.admin_unit,
        PlaceholderField.POST_CODE: addresses.post_code,
        PlaceholderField.BIRTH_DATE: lambda value: dates.birth(date.fromisoformat(value)),
        PlaceholderField.TEXT: text.comparable,
        PlaceholderField.GIVEN_NAME_FILLER: lambda value: names.given(f"child {value}"),
    }
    assert found.keys() == set(PlaceholderField)
    kept = [(field, v) for field, values in PLACEHOLDERS.items() for v in values if found[field](v)]
    assert not kept


def test_free_text_loses_its_placeholders_only() -> None:
    assert text.comparable("N/A") is None
    assert text.comparable("Unknown.") is None
    assert text.comparable("Unknown Pond, Maine") == "unknown pond maine"
