from __future__ import annotations

from dataclasses import fields
from enum import Enum
from pathlib import Path

import pytest
import yaml

import consent
from consent import policy, vocabulary
from consent.vocabulary import (
    FIELDS,
    ConsentState,
    DataCategory,
    LegalBasis,
    category_of_scheme,
)
from hub.domain.records import Record

CROSSWALK = yaml.safe_load((Path(consent.__file__).parent / "crosswalk.yaml").read_text("utf-8"))
ENUMS = [
    one for one in vars(vocabulary).values()
    if isinstance(one, type) and issubclass(one, Enum) and one.__module__ == vocabulary.__name__
]  # fmt: skip
VALUES = [
    policy.Agency, policy.DeclaredPurpose, policy.AgreementRef, policy.Agreement, policy.ConsentEvent,
    policy.Representation, policy.Clearance, policy.Restriction,
]  # fmt: skip


def test_every_word_is_mapped_once() -> None:
    words = [f"{one.__name__}.{member.name}" for one in ENUMS for member in one]
    assert [row["member"] for row in CROSSWALK["members"]] == sorted(words, key=_place)


def _place(word: str) -> int:
    mapped: list[str] = [row["member"] for row in CROSSWALK["members"]]
    assert word in mapped, word
    return mapped.index(word)


def test_every_field_of_the_values_is_mapped_once() -> None:
    expected = {f"{one.__name__}.{field.name}" for one in VALUES for field in fields(one)}
    mapped = [row["field"] for row in CROSSWALK["fields"]]
    assert len(mapped) == len(set(mapped))
    assert set(mapped) == expected


def test_an_exact_word_is_nobody_elses() -> None:
    exact = [row["dpv"] for row in CROSSWALK["members"] if row["match"] == "exact"]
    assert len(exact) == len(set(exact))
    assert all((row["match"] is None) == (row["dpv"] is None) for row in CROSSWALK["members"])


def test_every_field_of_a_record_belongs_to_one_category_but_identifiers_to_two() -> None:
    assert set(FIELDS) == set(DataCategory)
    named = sorted(name for some in FIELDS.values() for name in some)
    assert named == sorted([*(field.name for field in fields(Record)), "identifiers"])


@pytest.mark.parametrize(
    ("scheme", "category"),
    [
        ("ssn", DataCategory.SENSITIVE_IDENTIFIER),
        ("passport", DataCategory.SENSITIVE_IDENTIFIER),
        ("driving_licence", DataCategory.IDENTIFIER),
    ],
)
def test_identifiers_are_divided_by_scheme(scheme: str, category: DataCategory) -> None:
    assert category_of_scheme(scheme) is category


def test_a_basis_knows_its_iri_and_whether_law_consent_or_objection_govern_it() -> None:
    mapped = {row["member"]: row["dpv"] for row in CROSSWALK["members"]}
    for basis in LegalBasis:
        prefix, _, local = mapped[f"LegalBasis.{basis.name}"].partition(":")
        assert (prefix, basis.iri) == ("eu-gdpr", f"https://w3id.org/dpv/legal/eu/gdpr#{local}")
    assert [one for one in LegalBasis if not one.is_statutory] == [LegalBasis.CONSENT]
    assert [one for one in LegalBasis if one.is_open_to_objection] == [
        LegalBasis.PUBLIC_INTEREST,
        LegalBasis.OFFICIAL_AUTHORITY,
    ]


def test_only_given_and_renewed_consent_is_valid() -> None:
    assert [one for one in ConsentState if one.is_valid] == [
        ConsentState.GIVEN,
        ConsentState.RENEWED,
    ]
