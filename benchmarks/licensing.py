"""What the look-ups of a benchmark ask, by which policy, and of whom: parks asks for all that agencies hold."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from connectors.opening import open_reader
from connectors.source import load_source
from consent.policy import Agency, Agreement, DeclaredPurpose, Policy
from consent.vocabulary import DataCategory, LegalBasis, Purpose
from demo.generate import source_files
from hub.domain.records import RecordKey
from hub.journeys.context import Hub
from hub.journeys.policy_changes import load_policy

ASKER: Final = "parks"
PURPOSE: Final = "licensing"
AGENCIES: Final = ("parks", "wildlife", "vehicles", "business_registry", "benefits")
ASKED: Final = frozenset(
    {
        DataCategory.SOURCE,
        DataCategory.NAME,
        DataCategory.BIRTH_DATE,
        DataCategory.ADDRESS,
        DataCategory.CONTACT,
        DataCategory.HOLDING,
    }
)


def state_policy(hub: Hub) -> None:
    """By law, parks may have what is asked from every agency, and every agency's records may be linked."""
    agreements = tuple(
        Agreement(
            id=f"licensing_{source}",
            revision=1,
            sources=frozenset({source}),
            recipient=ASKER if source != ASKER else "wildlife",
            purpose=PURPOSE,
            categories=ASKED | {DataCategory.EXISTENCE},
            legal_basis=LegalBasis.OFFICIAL_AUTHORITY,
            citation="Licensing Act s. 4",
            starts_on=date(2026, 1, 1),
            ends_on=date(2099, 12, 31),
            approved_by=("officer_a", "officer_b"),
            matching_allowed=True,
        )
        for source in AGENCIES
    )
    policy = Policy(
        tuple(map(Agency, AGENCIES)),
        (DeclaredPurpose(PURPOSE, Purpose.REQUESTED_SERVICE_PROVISION),),
        agreements,
    )
    load_policy(hub, policy, author="bench", reason="bench")


def own_keys(world: Path) -> list[RecordKey]:
    """The keys of parks' own records."""
    [file] = [file for file in source_files(world) if file.stem == ASKER]
    source = load_source(file)
    reader = open_reader(source, file.parent, lambda _: None, 20_000)
    found = []
    for batch in reader.read(None):
        at = batch.columns.index(source.key[0])
        found += [RecordKey(ASKER, str(row[at])) for row in batch.rows if row[at]]
    return found
