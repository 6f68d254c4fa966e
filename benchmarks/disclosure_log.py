"""Entries a second that the verifier checks: `python -m benchmarks.disclosure_log [--entries N] [--stored N]`.

Beside it, in the same run, bare SHA-256 over the same bytes, line by line. `--stored`: so many look-ups are
written into a throw-away hub, and numbered and verified there, without and with each decision made again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection, text

from benchmarks.bounds import BOUNDS
from consent.decision import Facts, Request, decide
from consent.log import checkpoint, verify
from consent.log.entry import Account, Entry, Outcome, Permitted, Subject, Withheld, write
from consent.log.export import checkpoint_line, header_line, row_line
from consent.log.tree import RightEdge, leaf_hash
from consent.policy import Agency, Agreement, DeclaredPurpose, Policy
from consent.stored import digest_of, to_document
from consent.vocabulary import DataCategory, LegalBasis, Purpose
from hub import wiring
from hub.journeys import disclosing
from hub.journeys.context import Hub
from hub.journeys.disclosing import About, Asker
from hub.journeys.disclosure_log import seal, sequence_all
from hub.journeys.facts import Point, hashes_of
from hub.journeys.policies import InForce
from hub.journeys.verify_log import verify_log

ORIGIN = "hub.example/disclosures"
SEAL_EVERY = 1_000
ROUNDS = 3
START = datetime(2026, 1, 1, tzinfo=UTC)
UNDER = ("parks-wildlife", 3, "eu-gdpr:A6-1-e-public-interest; Parks Act s. 12")
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))


def entry(number: int) -> Entry:
    """One of the size that a look-up of six fields makes."""
    account = Account(
        action="lookup",
        outcome=Outcome.RELEASED,
        agency="parks",
        system="parks-bookings",
        user=f"u{number % 997:06}",
        purpose="licensing",
        decided_at=START + timedelta(milliseconds=number),
        policy="6f1c" * 16,
        agreement="parks-wildlife",
        permitted=(
            Permitted("wildlife", "identity", ("birth_date", "family_name"), *UNDER),
            Permitted("wildlife", "licence", ("status", "valid_until"), *UNDER),
        ),
        withheld=(Withheld("wildlife", "contact", ("email",), ("not_in_agreement",)),),
    )
    subject = Subject(
        reference=f"p-{number % 100_003:032x}",
        case_hash=sha256(b"case %d" % number).hexdigest()[:32],
        epochs={"agreement": 3, "subject": number % 7},
        inputs={"requested": "birth_date email family_name given_name", "scope": "licence:read"},
    )
    return write(account, subject, sha256(b"nonce %d" % number).digest())


def write_export(path: Path, entries: int) -> None:
    """An export with a checkpoint a thousand entries; every hundredth entry is erased."""
    edge = RightEdge()
    rows = path.with_suffix(".rows")
    with path.open("wb") as out, rows.open("wb") as below:
        out.write(header_line(ORIGIN))
        for number in range(entries):
            written = entry(number)
            edge, _ = edge.extended([leaf_hash(written.commitment)])
            kept = written.erased() if number % 100 == 0 else written
            below.write(row_line(number, written.commitment, kept))
            if edge.size % SEAL_EVERY == 0 or edge.size == entries:
                signed = checkpoint.sign(
                    checkpoint.Checkpoint(ORIGIN, edge.size, edge.root()), PRIVATE
                )
                out.write(checkpoint_line(signed))
    with path.open("ab") as out, rows.open("rb") as below:
        while piece := below.read(1 << 20):
            out.write(piece)


def best(work: Callable[[], object]) -> float:
    """Seconds, the best of a few rounds: other work on the machine only ever adds."""
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--stored", type=int, default=0)
    asked = parser.parse_args()
    _pure(asked.entries)
    if asked.stored:
        _stored(asked.stored)


def _pure(entries: int) -> None:
    public = PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key = verify.Key(ORIGIN, public)

    def check(path: Path) -> None:
        with path.open("rb") as file:
            report = verify.check_export(file, [key])
        assert report.holds, report.findings[:3]
        assert report.sealed == entries

    def bare(path: Path) -> None:
        with path.open("rb") as file:
            for line in file:
                sha256(line).digest()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.jsonl"
        write_export(path, entries)
        checked_s, bare_s = best(lambda: check(path)), best(lambda: bare(path))
        print(f"{entries:10,} entries of {path.stat().st_size // entries} bytes a line")
    print(f"{entries / checked_s:10,.0f} entries a second verified (budget: 50,000)")
    print(f"{checked_s / bare_s:10.1f} times bare SHA-256 of the same lines")


# --- on the database -----------------------------------------------------------------------------


def _stored(entries: int) -> None:
    with wiring.throwaway_hub(BOUNDS) as hub:
        _rate("written", entries, lambda: _write(hub, entries))
        _rate("numbered", entries, lambda: sequence_all(hub))
        seal(hub, is_forced=True)
        _rate("read, opened and verified", entries, lambda: _verify(hub, entries, entries))
        _rate("the same, each decided again", entries, lambda: _verify(hub, entries, 0))


def _rate(name: str, entries: int, work: Callable[[], object]) -> None:
    begun = time.perf_counter()
    work()
    print(f"{entries / (time.perf_counter() - begun):10,.0f} stored entries a second {name}")


def _verify(hub: Hub, entries: int, replay_from: int) -> None:
    report = verify_log(hub, replay_from=replay_from)
    assert report.holds, (report.tree.findings[:3], report.findings[:3])
    assert (report.tree.sealed, report.replayed) == (entries, entries - replay_from)


def _write(hub: Hub, entries: int) -> None:
    """Look-ups of five categories that vehicles shares by law, five of each constituent, decided one by one."""
    hashes = hashes_of(hub.keys, range(max(1, entries // 5)))
    document = to_document(SHARED)
    in_force = InForce(1, digest_of(document), SHARED)
    with hub.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO policies VALUES (1, :digest, :document, 'bench', 'bench', :at)"),
            {"digest": in_force.digest, "document": json.dumps(document), "at": hub.now()},
        )
    for start in range(0, entries, 1_000):
        with hub.engine.begin() as connection:
            for number in range(start, min(start + 1_000, entries)):
                point = Point(hashes[number % len(hashes)], 0)
                _record(hub, connection, in_force, About((point,), None, hub.new_public_id()))


def _record(hub: Hub, connection: Connection, in_force: InForce, about: About) -> None:
    at = hub.now()
    request = Request("parks", "licensing", ASKED, frozenset(DataCategory), at, hub.day_of(at))
    decision = decide(request, Facts(in_force.policy, HELD_BY))
    disclosing.record(
        hub,
        connection,
        action="look_up",
        outcome=Outcome.RELEASED,
        asker=Asker("parks", "booking", "case 7", "clerk 12"),
        decision=decision,
        in_force=in_force,
        about=about,
        held_by=HELD_BY,
    )


HELD_BY = frozenset({"parks", "vehicles"})
ASKED = frozenset(
    {
        DataCategory.SOURCE,
        DataCategory.NAME,
        DataCategory.BIRTH_DATE,
        DataCategory.ADDRESS,
        DataCategory.HOLDING,
    }
)
SHARED = Policy(
    tuple(map(Agency, sorted(HELD_BY))),
    (DeclaredPurpose("licensing", Purpose.REQUESTED_SERVICE_PROVISION),),
    (
        Agreement(
            id="licensing_act",
            revision=1,
            sources=frozenset({"vehicles"}),
            recipient="parks",
            purpose="licensing",
            categories=(ASKED - {DataCategory.HOLDING}) | {DataCategory.EXISTENCE},
            legal_basis=LegalBasis.OFFICIAL_AUTHORITY,
            citation="Licensing Act s. 4",
            starts_on=date(2026, 1, 1),
            ends_on=date(2099, 12, 31),
            approved_by=("officer_a", "officer_b"),
            epoch=1,
        ),
    ),
)


if __name__ == "__main__":
    main()
