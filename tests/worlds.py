"""Small worlds in files, named for what is in them: a source's YAML beside the rows it describes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.contract import Reader
from connectors.opening import open_reader
from connectors.source import Source, load_source
from demo.generate import source_files
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.link import LinkReport, link_kind
from hub.journeys.load import LoadReport, load_sources

DRIVERS_YAML = """
schema: hub/source@1
id: drivers
agency: vehicles
kind: person
mode: snapshot
connection: {type: files, path: drivers.csv}
key: driver_no
as_of: {column: updated_on, transforms: [{date: "%Y-%m-%d"}]}
contract:
  rejected_share_max: 0.5
  columns:
    driver_no: {required: true}
    born: {type: date, format: "%Y-%m-%d"}
map:
  roles: [licensee]
  given_name: first_name
  family_name: last_name
  birth_date: {column: born, transforms: [{date: "%Y-%m-%d"}]}
  addresses: [{delivery_line: street, city: city, post_code: zip}]
  contact_points: [{kind: email, value: email}]
  identifiers: [{scheme: ssn, value: ssn}]
  holdings: [{type: {constant: driving_licence}, number: driver_no, valid_until: {column: expires, transforms: [{date: "%Y-%m-%d"}]}}]
"""
DRIVERS_HEADER = "driver_no,first_name,last_name,born,street,city,zip,email,ssn,expires,updated_on"
MARIA = "D1,Maria,Okafor,1984-03-09,418 Heron Ln,Port Tamarack,69407,maria@example.org,219-09-9041,2027-05-01,2026-01-05"
BIRK = "D2,Birk,Lindqvist,1961-12-30,7 Alder St,Port Tamarack,69407,birk@example.org,219-09-9042,2026-02-11,2026-02-01"
NOOR = "D3,Noor,Haddad,1999-07-21,90 Quarry Rd,Elmstead,69411,noor@example.org,219-09-9043,2028-09-30,2026-03-17"


def write_drivers(
    folder: Path, rows: Sequence[str], *, header: str = DRIVERS_HEADER, yaml: str = DRIVERS_YAML
) -> tuple[Source, Reader]:
    """The drivers source with these rows, ready to load."""
    (folder / "drivers.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return open_written(folder, yaml)


def open_written(folder: Path, yaml: str, batch_rows: int = 1_000) -> tuple[Source, Reader]:
    """Write a source's YAML into the folder its data is in, and open it."""
    file = folder / "source.yaml"
    file.write_text(yaml, encoding="utf-8")
    return opened(file, batch_rows)


def opened(file: Path, batch_rows: int = 1_000) -> tuple[Source, Reader]:
    """A source's YAML and its reader; no secrets are known."""
    source = load_source(file)
    return source, open_reader(source, file.parent, lambda _: None, batch_rows)


def source_from(yaml: str) -> Source:
    """A source described by this YAML, without anything to read."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "source.yaml"
        file.write_text(yaml, encoding="utf-8")
        return load_source(file)


def load_world(hub: Hub, world: Path, order: Sequence[str] = ()) -> list[LoadReport]:
    """Load all sources of a demo world, those named in `order` first."""
    files = source_files(world)
    files.sort(key=lambda file: order.index(file.stem) if file.stem in order else len(order))
    return load_sources(hub, [opened(file) for file in files])


def link_all(hub: Hub) -> list[LinkReport]:
    """Link persons and organizations."""
    return [link_kind(hub, kind) for kind in ConstituentKind]
