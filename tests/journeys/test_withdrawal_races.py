"""A "no" and a release at once: no release commits after the "no" has, whoever is merged or split meanwhile.

What is watched is strict. A withdrawal writes a notice for every release it finds once it holds the lock; a
release that committed later, by however little, is one without a notice.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from consent.log.entry import Account, Outcome, Subject
from consent.vocabulary import RestrictionKind
from hub.journeys.context import Hub
from hub.journeys.disclosing import entry_of, points_in
from hub.journeys.judge import withdraw
from hub.journeys.link import link_kind
from hub.journeys.load import load_sources
from hub.journeys.notices import list_notices
from hub.journeys.pairwise import shown_to
from hub.journeys.profile import resolve
from hub.journeys.restrictions import restrict
from hub.store import database, disclosures
from hub.store.disclosures import StoredDisclosure
from hub.vault.keyring import RootKey
from hub.vault.tags import Pseudonyms
from tests.conftest import Server, open_hub
from tests.journeys.counters import C
from tests.journeys.live import PERSON, Row
from tests.journeys.offices import BY, Office
from tests.worlds import open_written

RACES = 1_000
THREADS = 8
#: A look-up starts within so long of a withdrawal, which needs longer before it holds the lock.
SPREAD_S = 0.03

YAML = """
schema: hub/source@1
id: benefits
agency: benefits
kind: person
mode: snapshot
connection: {type: files, path: people.csv}
key: id
map:
  given_name: given
  family_name: family
  birth_date: {column: born, transforms: [{date: "%Y-%m-%d"}]}
"""


@pytest.fixture
def crowd(server: Server, modelled_template: tuple[str, RootKey]) -> Iterator[Hub]:
    """A hub with a connection for each of many threads."""
    name, keys = modelled_template
    hub = open_hub(server.fresh(name), keys)
    engine = database.connect(hub.url, pool_size=16)
    yield replace(hub, engine=engine)
    engine.dispose()
    hub.engine.dispose()


def at_once(*jobs: Callable[[], object]) -> None:
    """Run jobs beside each other, released together; the first failure is raised."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        start.wait()
        job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(run, job) for job in jobs]:
            done.result()


# --- a thousand races ------------------------------------------------------------------------------


def test_no_release_commits_after_a_withdrawal_in_a_thousand_races(
    crowd: Hub, tmp_path: Path
) -> None:
    office = Office(crowd)
    people = [f"benefits:p{number}" for number in range(RACES)]
    shown = registered(crowd, tmp_path, people)
    at_once(
        *(
            lambda mine=people[first::THREADS]: [office.consents(person) for person in mine]
            for first in range(THREADS)
        )
    )
    lanes = THREADS // 2

    def looks_up(start: threading.Barrier, mine: Sequence[str], rng: random.Random) -> None:
        for person in mine:
            start.wait()
            time.sleep(rng.uniform(0, SPREAD_S))
            office.ask(shown[person], [C.HOLDING])

    def withdraws(start: threading.Barrier, mine: Sequence[str]) -> None:
        for person in mine:
            start.wait()
            office.withdraws(person)

    jobs: list[Callable[[], object]] = []
    for lane in range(lanes):
        start, mine = threading.Barrier(2), people[lane::lanes]
        jobs.append(partial(looks_up, start, mine, random.Random(lane)))
        jobs.append(partial(withdraws, start, mine))
    at_once(*jobs)

    told = {one.subject_hash: one for one in read_log(office)}
    noticed = {one.pairwise_id for one in list_notices(crowd, "parks")}
    hash_of = subject_hashes(crowd, people)
    released = {person for person in people if told[hash_of[person]].sources}
    assert {shown[person] for person in released} == noticed
    for person in people:
        was_before = told[hash_of[person]].epoch < WITHDRAWAL
        assert was_before is (person in released)
    assert 0.05 < len(released) / RACES < 0.95, "each was first in many of the races"


#: The epoch of a withdrawal that follows one consent.
WITHDRAWAL = 2


def registered(hub: Hub, folder: Path, people: Sequence[str]) -> dict[str, UUID]:
    """Adults held by benefits, each with the id that parks was shown."""
    rng = random.Random(len(people))
    rows = [
        ",".join(
            [person.partition(":")[2], _word(rng), _word(rng), f"19{rng.randint(50, 99)}-03-09"]
        )
        for person in people
    ]
    (folder / "people.csv").write_text("\n".join(["id,given,family,born", *rows]) + "\n")
    load_sources(hub, [open_written(folder, YAML)])
    link_kind(hub, PERSON)
    shown = {person: shown_to(hub, "parks", person) for person in people}
    assert len(set(shown.values())) == len(people), "no two of them are one constituent"
    return shown


def _word(rng: random.Random) -> str:
    """A name that resembles no other."""
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=12))


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry of the log tells. sources: of other agencies, what was released; epoch: hers as it was read."""

    id: int
    subject_hash: bytes
    sources: frozenset[str]
    epoch: int


def read_log(office: Office, after: int = 0) -> list[Told]:
    """The log as it can be read now, from the entries after one on."""
    with database.transaction(office.hub.engine) as connection:
        numbers = connection.scalars(
            text("SELECT id FROM disclosures WHERE id > :after"), {"after": after}
        ).all()
        rows = [disclosures.find(connection, number) for number in numbers]
    return [_told(office.hub, row) for row in rows if row and row.subject_hash]


def _told(hub: Hub, row: StoredDisclosure) -> Told:
    assert row.subject_hash is not None
    entry = entry_of(hub.keys, row)
    assert entry.subject is not None
    points = points_in(Subject.from_bytes(entry.subject))
    [epoch] = [point.epoch for point in points if point.subject_hash == row.subject_hash]
    account = Account.from_bytes(row.account)
    is_released = account.outcome is Outcome.RELEASED
    sources = {one.source for one in account.permitted} - {account.agency}
    return Told(row.id, row.subject_hash, frozenset(sources if is_released else ()), epoch)


def subject_hashes(hub: Hub, references: Sequence[str]) -> dict[str, bytes]:
    """What the facts of each are filed under."""
    pseudonyms = Pseudonyms(hub.keys)
    with database.transaction(hub.engine) as connection:
        return {
            reference: pseudonyms.subject(resolve(hub, connection, reference)[0])
            for reference in references
        }


# --- others changed meanwhile ----------------------------------------------------------------------


def released_after(
    office: Office, say_no: Callable[[], object], key: str, source: str
) -> list[int]:
    """Look somebody up again and again while a "no" is said; entries that were committed after it had been.

    Such an entry is not among those that can be read once the "no" is said, and tells of the source.
    """
    is_said = threading.Event()
    known: set[int] = set()
    before = office.ask(key).disclosure

    def asks() -> None:
        while not is_said.is_set():
            office.ask(key, [C.NAME, C.HOLDING])
        office.ask(key, [C.NAME, C.HOLDING])

    def says() -> None:
        try:
            time.sleep(random.Random(key).uniform(0, 2 * SPREAD_S))
            say_no()
            known.update(one.id for one in read_log(office, before))
        finally:
            is_said.set()

    at_once(asks, asks, says)
    return [
        one.id for one in read_log(office, before) if source in one.sources and one.id not in known
    ]


CROWDED = 12


def named(number: int) -> Row:
    """Somebody who resembles nobody else."""
    return {
        "given": f"Given{chr(97 + number)}",
        "family": f"Family{chr(97 + number)}son",
        "born": f"19{50 + number}-0{1 + number % 9}-11",
        "ssn": f"3{10 + number}-44-{2000 + number}",
    }


@pytest.fixture
def office(crowd: Hub) -> Office:
    """Each holds a record of vehicles, benefits and parks, and consents."""
    office = Office(crowd)
    for number in range(CROWDED):
        office.desk.push(f"vehicles:D{number}", named(number))
        office.consents(office.comes(number, named(number)))
    return office


def test_no_release_follows_a_withdrawal_under_whichever_id_while_two_are_merged_and_split(
    office: Office,
) -> None:
    crossed = []
    for number in range(0, CROWDED, 2):
        one, other = f"parks:P{number}", f"parks:P{number + 1}"
        is_over = threading.Event()

        def merges(one: str = one, other: str = other, over: threading.Event = is_over) -> None:
            while not over.is_set():
                act = office.desk.same(one, other).act_id
                assert act is not None
                withdraw(office.hub, act, author=BY)

        def says(reference: str = one, over: threading.Event = is_over) -> None:
            def say_no() -> None:
                office.withdraws(reference)

            try:
                crossed.extend(released_after(office, say_no, reference, "benefits"))
            finally:
                over.set()

        at_once(merges, says)
    assert crossed == []


def test_no_release_of_the_whole_follows_an_objection_to_linkage(office: Office) -> None:
    crossed = []
    for number in range(CROWDED):
        person = f"parks:P{number}"

        def object_(person: str = person) -> None:
            kind = RestrictionKind.OBJECTION_TO_LINKAGE
            restrict(office.hub, person, kind, authority="her letter", author=BY)

        crossed += released_after(office, object_, person, "vehicles")
        assert not office.desk.together(person, f"vehicles:D{number}")
    assert crossed == []
