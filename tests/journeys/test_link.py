"""Linking: the same partition in any order, ids that stay, and nothing half-published."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from demo.story import MARIA
from hub.domain.errors import ConstituentUnknown, RecordUnknown, TooFewToTrain
from hub.domain.records import ConstituentKind
from hub.journeys.accuracy import cluster_by_key
from hub.journeys.context import Hub
from hub.journeys.link import link_kind
from hub.journeys.load import load_sources
from hub.journeys.models import active_model, list_models, show_model
from hub.journeys.profile import show_profile
from hub.store import constituents, database, models
from matching.model import from_json
from tests.conftest import Server, tied_hub
from tests.journeys.live import Live
from tests.worlds import MARIA as MARIA_ROW
from tests.worlds import link_all, load_world, write_drivers

PERSON = ConstituentKind.PERSON


def identity_rows(hub: Hub) -> list[object]:
    with database.transaction(hub.engine) as connection:
        return [
            connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2")).all()
            for table in ("constituents", "links", "homes", "aliases", "reviews", "models")
        ]


def test_linking_again_changes_nothing(linked_hub: Hub) -> None:
    before = identity_rows(linked_hub)
    reports = link_all(linked_hub)

    assert [report.ids_issued + report.records_moved for report in reports] == [0, 0]
    assert not any(report.is_new_model for report in reports)
    assert identity_rows(linked_hub) == before


def test_loading_again_changes_nothing(linked_hub: Hub, demo_world: Path) -> None:
    reports = load_world(linked_hub, demo_world)
    changes = [report.inserted + report.changed + report.removed for report in reports]
    assert changes == [0] * len(reports)


def test_loading_in_another_order_gives_the_same_partition_for_a_fixed_model(
    server: Server, linked_hub: Hub, demo_world: Path
) -> None:
    # The same key: key hashes break ties, and a model names its suppressed tags by key.
    other = tied_hub(server.fresh(), linked_hub.keys)
    load_world(other, demo_world, order=("parks", "business_owners", "benefits"))
    for kind in ConstituentKind:
        copy_model(linked_hub, other, kind)
    link_all(other)
    assert partition(linked_hub) == partition(other)
    other.engine.dispose()


def copy_model(source: Hub, target: Hub, kind: ConstituentKind) -> None:
    with database.transaction(source.engine) as connection:
        stored = models.active(connection, kind)
    assert stored is not None
    with database.transaction(target.engine) as connection:
        models.publish(
            connection,
            stored.name,
            stored.kind,
            stored.parameters,
            stored.sealed_term_frequencies,
            stored.published_at,
            canary=stored.canary,
        )


def partition(hub: Hub) -> set[frozenset[bytes]]:
    members: dict[int, set[bytes]] = {}
    for key_hash, number in cluster_by_key(hub).items():
        members.setdefault(number, set()).add(key_hash)
    return set(map(frozenset, members.values()))


def test_a_published_model_is_read_back_whole(linked_hub: Hub) -> None:
    chosen = active_model(linked_hub, PERSON)
    assert chosen is not None
    again = from_json(chosen.model.to_json(), chosen.model.rarities_to_json())
    assert again == chosen.model
    assert {row.kind for row in list_models(linked_hub) if row.is_active} == set(ConstituentKind)
    assert show_model(linked_hub, "person")["name"] == chosen.model.name


def test_a_profile_shows_each_value_with_its_source_and_date(linked_hub: Hub) -> None:
    profile = show_profile(linked_hub, str(MARIA.vehicles))
    by_id = show_profile(linked_hub, str(profile.id))
    shown = {view.attribute: view.survivor for view in profile.attributes}

    assert by_id == profile
    assert {MARIA.vehicles, MARIA.wildlife} <= set(profile.records)
    assert len({key.source for key in profile.records}) >= 3
    assert shown["birth_date"].winner.as_of is not None
    assert {"fishing_licence"} <= {view.holding.type for view in profile.holdings}
    assert [relation.kind for relation in profile.relationships] == ["owner"]


def test_a_profile_of_nobody_says_so(hub: Hub, tmp_path: Path) -> None:
    load_sources(hub, [write_drivers(tmp_path, [MARIA_ROW])])
    with pytest.raises(RecordUnknown, match="no record under that key"):
        show_profile(hub, "drivers:D9")
    with pytest.raises(RecordUnknown, match="run `hub link`"):
        show_profile(hub, "drivers:D1")
    with pytest.raises(ConstituentUnknown, match="ever issued"):
        show_profile(hub, "00000000-0000-0000-0000-000000000009")


def test_a_hub_of_one_record_gives_it_a_constituent(hub: Hub, tmp_path: Path) -> None:
    load_sources(hub, [write_drivers(tmp_path, [MARIA_ROW])])
    report = link_kind(hub, PERSON)
    assert (report.records, report.constituents, report.ids_issued) == (1, 1, 1)
    assert show_profile(hub, "drivers:D1").records[0].local_id == "D1"


def test_a_model_is_not_given_up_because_too_few_records_are_left_to_learn_from(
    modelled_hub: Hub,
) -> None:
    live = Live(modelled_hub)
    live.push("front", "a", {"given": "Maria", "family": "Okafor"})
    before = identity_rows(modelled_hub)
    with pytest.raises(TooFewToTrain):
        link_kind(modelled_hub, PERSON, is_retraining=True)
    assert identity_rows(modelled_hub) == before


def test_a_record_removed_at_its_source_leaves_its_constituent_and_a_lone_id_is_retired(
    hub: Hub, tmp_path: Path
) -> None:
    rows = [MARIA_ROW.replace("D1,", f"N{number},") for number in range(3)]
    other = MARIA_ROW.replace("D1,Maria,Okafor,1984-03-09", "X1,Benno,Quist,1950-01-17").replace(
        "219-09-9041", "318-44-2107"
    )
    load_sources(hub, [write_drivers(tmp_path, [*rows, other, *_fillers()])])
    link_kind(hub, PERSON)
    lone = show_profile(hub, "drivers:X1").id
    load_sources(hub, [write_drivers(tmp_path, [*rows, *_fillers()])])
    link_kind(hub, PERSON)

    with pytest.raises(ConstituentUnknown, match="retired"):
        show_profile(hub, str(lone))


def _fillers() -> list[str]:
    """Enough other drivers that one gone is no broken export."""
    return [
        f"F{n},Given{n},Family{n},19{50 + n}-0{1 + n % 9}-1{n % 9},{n} Alder St,Elmstead,69411,"
        f"f{n}@example.org,31{n:02d}-44-2107,2027-05-01,2026-01-05"
        for n in range(40)
    ]


def test_a_link_that_fails_while_publishing_leaves_everything_as_it_was(
    linked_hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_sources(linked_hub, [write_drivers(tmp_path, _fillers())])
    before = identity_rows(linked_hub)

    def breaks(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(constituents, "_begin_aliases", breaks)
        with pytest.raises(OSError, match="disk is full"):
            link_kind(linked_hub, PERSON)
    assert identity_rows(linked_hub) == before
    assert link_kind(linked_hub, PERSON).ids_issued > 0
