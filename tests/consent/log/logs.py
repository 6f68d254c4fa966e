"""Small disclosure logs, written down in words: entries, a sealed log, and its export line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import strategies as st

from consent.log import verify
from consent.log.checkpoint import ERASED, Checkpoint, LogKey, Note, sign
from consent.log.entry import Account, Entry, Outcome, Permitted, Subject, Withheld, write
from consent.log.export import checkpoint_line, header_line, row_line
from consent.log.tree import RightEdge, leaf_hash

ORIGIN = "hub.example/disclosures"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER_PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1")
START = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def public(private: Ed25519PrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


KEY = LogKey(ORIGIN, public(PRIVATE))
AUDITOR_KEY = verify.Key(ORIGIN, public(PRIVATE))


def entry(number: int, purpose: str = "licensing") -> Entry:
    """A released look-up; each differs from all others. One in three found nobody."""
    account = Account(
        action="lookup",
        outcome=Outcome.RELEASED if number % 3 else Outcome.NO_MATCH,
        agency="parks",
        system="bookings",
        purpose=purpose,
        decided_at=START + timedelta(seconds=number),
        policy="p1",
        agreement="parks-wildlife",
        permitted=(
            Permitted("wildlife", "identity", ("family_name", "given_name"), "parks-wildlife", 2),
        ),
        withheld=(Withheld("wildlife", "contact", ("email",), ("not_in_agreement",)),),
    )
    subject = Subject(
        reference=f"constituent {number}" if number % 3 else None,
        case_hash="c4",
        epochs={"subject": number},
        inputs={"requested": "family_name given_name email", "said": 'Zoë "Ω" \\ \n\x1f'},
    )
    return write(account, subject, sha256(b"nonce %d" % number).digest())


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the export; None where the leaf, the entry or the number is gone."""

    number: int | None
    leaf: bytes | None
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Log:
    """What an export shows: its checkpoints and its rows."""

    checkpoints: tuple[Note, ...]
    rows: tuple[Row, ...]

    def lines(self) -> list[bytes]:
        return [
            header_line(ORIGIN),
            *map(checkpoint_line, self.checkpoints),
            *(row_line(row.number, row.leaf, row.entry) for row in self.rows),
        ]

    def check(self, held: Iterable[Note] = ()) -> verify.Report:
        return verify.check_export(
            self.lines(), [AUDITOR_KEY], [str(note).encode() for note in held]
        )

    def with_row(self, number: int, change: Callable[[Row], Row]) -> Log:
        rows = list(self.rows)
        rows[number] = change(rows[number])
        return replace(self, rows=tuple(rows))

    def with_rows(self, rows: Iterable[Row]) -> Log:
        return replace(self, rows=tuple(rows))

    def renumbered(self) -> Log:
        return self.with_rows(replace(row, number=n) for n, row in enumerate(self.rows))


def sealed(
    entries: list[Entry],
    sizes: Iterable[int],
    *,
    private: Ed25519PrivateKey = PRIVATE,
    erased: Iterable[int] = (),
) -> Log:
    """A log with a checkpoint at each size; entries `erased` were erased before the last of them."""
    edge, notes = RightEdge(), []
    sizes, erased = sorted(sizes), set(erased)
    for number, one in enumerate(entries):
        edge, _ = edge.extended([leaf_hash(one.commitment)])
        if edge.size in sizes:
            count = sum(gone < edge.size for gone in erased) if edge.size == sizes[-1] else 0
            lines = (f"{ERASED} {count}",) if count else ()
            notes.append(sign(Checkpoint(ORIGIN, number + 1, edge.root(), lines), private))
    rows = [
        Row(number, one.commitment, one.erased() if number in erased else one)
        for number, one in enumerate(entries)
    ]
    return Log(tuple(notes), tuple(rows))


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=8)
whole = st.integers(0, 2**53 - 1)
fields = st.lists(texts, max_size=3).map(tuple)
maybe = st.none() | texts
permitted = st.builds(Permitted, texts, texts, fields, maybe, st.none() | whole, maybe)
withheld = st.builds(Withheld, maybe, texts, fields, fields)
accounts = st.builds(
    Account,
    action=texts,
    outcome=st.sampled_from(Outcome),
    agency=texts,
    system=texts,
    purpose=texts,
    decided_at=st.datetimes(timezones=st.just(UTC)),
    policy=texts,
    user=st.none() | texts,
    agreement=st.none() | texts,
    permitted=st.lists(permitted, max_size=2).map(tuple),
    withheld=st.lists(withheld, max_size=2).map(tuple),
    reasons=fields,
)
subjects = st.builds(
    Subject,
    reference=st.none() | texts,
    case_hash=st.none() | texts,
    epochs=st.dictionaries(names, whole, max_size=3),
    inputs=st.dictionaries(names, texts, max_size=3),
)
nonces = st.binary(min_size=32, max_size=32)


def with_idle_bits(encoded: bytes) -> bytes:
    """Base64 of 32 bytes written another way: the last digit's two idle bits set, the same bytes meant."""
    digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    assert len(encoded) == 44
    return encoded[:42] + bytes([digits[digits.index(encoded[42]) + 1]]) + b"="
