"""Entries a second that the verifier checks: `python -m benchmarks.disclosure_log [--entries N]`.

Beside it, in the same run, bare SHA-256 over the same bytes, line by line.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from consent.log import checkpoint, verify
from consent.log.entry import Account, Entry, Outcome, Permitted, Subject, Withheld, write
from consent.log.export import checkpoint_line, header_line, row_line
from consent.log.tree import RightEdge, leaf_hash

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
    entries = parser.parse_args().entries
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


if __name__ == "__main__":
    main()
