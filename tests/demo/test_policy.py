"""The demo's policy covers the demo's agencies, and lets its records be linked as if there were none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from connectors.source import load_source
from consent.documents import load_policy
from consent.policy import may_be_matched
from consent.vocabulary import LegalBasis
from demo.generate import DEMO_SOURCES

POLICY = load_policy(Path(__file__).parents[2] / "demo" / "policy.yaml")
SOURCES = Path(__file__).parents[2] / "demo" / "sources"
AGENCIES = {load_source(SOURCES / f"{one.id}.yaml").agency for one in DEMO_SOURCES}


def test_the_agencies_are_those_of_the_sources() -> None:
    assert {one.id for one in POLICY.agencies} == AGENCIES


def test_every_source_may_be_linked_as_long_as_the_agreements_run() -> None:
    for on in (date(2026, 1, 1), date(2029, 12, 31)):
        assert {one for one in AGENCIES if may_be_matched(one, POLICY.agreements, on)} == AGENCIES


def test_benefits_is_shared_on_consent_alone() -> None:
    shared = [one for one in POLICY.agreements if "benefits" in one.sources]
    assert {one.legal_basis for one in shared} == {LegalBasis.CONSENT}
