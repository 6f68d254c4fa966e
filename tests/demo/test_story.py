from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from demo.generate import generate
from demo.population import PEOPLE_MIN
from demo.story import MARIA
from hub.domain.records import HoldingStatus, Record, RecordKey, RelationshipKind
from tests.demo.conftest import load, read_truth


def _records(folder: Path) -> dict[RecordKey, Record]:
    keys = {*MARIA.person_records, *MARIA.business_records}
    loaded = [load(folder / f"{name}.yaml") for name in sorted({key.source for key in keys})]
    return {r.key: r for source in loaded for r in source.records if r.key in keys}


@pytest.mark.parametrize(
    ("people", "seed", "today"),
    [
        pytest.param(PEOPLE_MIN, 0, date(2026, 11, 22), id="smallest world"),
        pytest.param(400, 99, date(2028, 2, 29), id="another seed, on a leap day"),
    ],
)
def test_maria_is_in_every_world(people: int, seed: int, today: date, tmp_path: Path) -> None:
    generate(people, seed, tmp_path, today)
    records = _records(tmp_path)
    truth = read_truth(tmp_path)

    assert set(records) == {*MARIA.person_records, *MARIA.business_records}
    held = {record for record, entity in truth.items() if entity == f"p{MARIA.person}"}
    assert held == {str(key) for key in MARIA.person_records}
    held = {record for record, entity in truth.items() if entity == f"o{MARIA.business}"}
    assert held == {str(key) for key in MARIA.business_records}

    fishing = records[MARIA.wildlife].holdings[0]
    assert fishing.type == "fishing_licence"
    assert fishing.status is HoldingStatus.EXPIRED
    assert fishing.valid_until == today - timedelta(weeks=3)

    business = records[MARIA.business_registration].holdings[0]
    assert business.type == "business_licence"
    assert business.status is HoldingStatus.ACTIVE
    assert business.valid_until == today + timedelta(days=20)

    (owns,) = records[MARIA.business_owner].relationships
    assert owns.kind is RelationshipKind.OWNER
    assert owns.other == MARIA.business_registration


def test_nobody_else_has_marias_numbers(world_folder: Path) -> None:
    everything = b"".join(path.read_bytes() for path in sorted(world_folder.glob("benefits/*")))
    assert b"772-04-1187" not in everything
    assert b"991-0142" not in everything
