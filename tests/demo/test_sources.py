from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from connectors.source import Mode, load_source
from demo.agencies import business_owners, business_registry
from demo.agencies.fixed_width import Layout
from demo.faults import Fault
from demo.generate import DEMO_SOURCES, SOURCES, source_files
from demo.truth import Manifest
from hub.domain.records import ConstituentKind
from tests.demo.conftest import Loaded

SOURCE_IDS = [source.id for source in DEMO_SOURCES]


@pytest.mark.parametrize("name", SOURCE_IDS)
def test_exactly_the_planted_rows_are_refused(
    name: str, loaded: dict[str, Loaded], manifest: Manifest
) -> None:
    count = manifest.sources[name]
    repeated = len(loaded[name].records) - len({record.key for record in loaded[name].records})
    assert repeated == count.planted.get(Fault.DUPLICATE_KEY, 0)
    assert len(loaded[name].rejected) == sum(count.planted.values()) - repeated
    assert len(loaded[name].records) + len(loaded[name].rejected) == count.rows


@pytest.mark.parametrize("name", SOURCE_IDS)
def test_the_truth_names_every_good_record_and_no_other(
    name: str, loaded: dict[str, Loaded], manifest: Manifest, truth: dict[str, str]
) -> None:
    keys = {str(record.key) for record in loaded[name].records}
    assert keys == {record for record in truth if record.startswith(f"{name}:")}
    assert len(keys) == manifest.sources[name].records


@pytest.mark.parametrize("name", SOURCE_IDS)
def test_a_person_is_never_an_organization(
    name: str, loaded: dict[str, Loaded], truth: dict[str, str]
) -> None:
    letter = "p" if loaded[name].source.kind is ConstituentKind.PERSON else "o"
    assert {truth[str(record.key)][0] for record in loaded[name].records} == {letter}


@pytest.mark.parametrize("name", ["vehicles", "business_registry"])
def test_a_duplicate_free_source_holds_each_entity_once(
    name: str, loaded: dict[str, Loaded], truth: dict[str, str]
) -> None:
    assert loaded[name].source.duplicate_free
    keys = {str(record.key) for record in loaded[name].records}
    assert max(Counter(truth[key] for key in keys).values()) == 1


def test_every_rule_of_a_quarantine_has_a_row_to_show(loaded: dict[str, Loaded]) -> None:
    rules = {one.rule for source in loaded.values() for one in source.rejected}
    assert {"date_unreadable", "wrong_type", "key_missing", "stray_quote", "not_json"} <= rules


def test_two_rows_in_a_thousand_are_broken(manifest: Manifest) -> None:
    planted = sum(sum(count.planted.values()) for count in manifest.sources.values())
    assert 0.0015 < planted / manifest.records < 0.003


def test_there_are_about_three_and_a_third_records_per_person(manifest: Manifest) -> None:
    assert 3.1 < manifest.records / manifest.people < 3.5


def test_owners_point_to_registered_businesses(loaded: dict[str, Loaded]) -> None:
    registered = {record.key for record in loaded["business_registry"].records}
    owned = {
        relationship.other
        for record in loaded["business_owners"].records
        for relationship in record.relationships
    }
    assert owned == registered


def test_the_benefits_source_is_sensitive_and_vehicles_incremental(world_folder: Path) -> None:
    by_id = {source.id: source for source in map(load_source, source_files(world_folder))}
    assert [name for name, source in by_id.items() if source.sensitive] == ["benefits"]
    assert [n for n, s in by_id.items() if s.mode is Mode.INCREMENTAL] == ["vehicles"]
    assert len({source.agency for source in by_id.values()}) == 5


def test_each_source_has_a_template_and_each_template_a_source() -> None:
    assert sorted(path.stem for path in SOURCES.glob("*.yaml")) == sorted(SOURCE_IDS)


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        pytest.param("business_registry", business_registry.LAYOUT, id="organizations"),
        pytest.param("business_owners", business_owners.LAYOUT, id="owners"),
    ],
)
def test_the_yaml_cuts_lines_where_the_mainframe_pads_them(name: str, layout: Layout) -> None:
    connection = load_source(SOURCES / f"{name}.yaml").connection
    columns = getattr(connection, "columns", None)
    assert columns is not None
    assert [column.model_dump() for column in columns] == layout.document()
