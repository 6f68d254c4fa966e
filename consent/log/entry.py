"""An entry of the disclosure log: what it says, its bytes, and what of it goes into the tree.

An entry has two parts. The *account* (who asked, for what, under which law, what left) stays for good;
the *subject* part (whose data it was, the case, what a replay needs) can be erased. The leaf commits to
both and holds neither. When entries are written, numbered and erased is the journeys' to decide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum, unique
from hashlib import sha256
from typing import Any, Final, Self

import msgspec

from hub.domain.errors import HubError

ACCOUNT_VERSION: Final = 1
SUBJECT_VERSION: Final = 1
NONCE_BYTES: Final = 32
PART_BYTES_MAX: Final = 65_536
"""Of one part. A verifier reads line by line and must know how long a line can be."""

_SUBJECT_DOMAIN: Final = b"constituent-hub/log/subject/1\n"
_ENTRY_DOMAIN: Final = b"constituent-hub/log/entry/1\n"
_WHOLE_MAX: Final = 2**53 - 1  # RFC 7493 §2.2: beyond it JSON readers disagree
_NAME: Final = re.compile(r"[\x21-\x7e]{1,200}")  # by ASCII names every reader sorts alike
# Sorts what a dataclass has by name, too. A test holds it to the standard library's, which the verifier uses.
_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode


class EntryInvalid(HubError):
    """An entry cannot be written or read: names the rule, never a value."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(f"disclosure entry: {rule}")


@unique
class Outcome(StrEnum):
    """What the caller was answered; DONE where it asked for an act, not for data. The values are committed to."""

    RELEASED = "released"
    REFUSED = "refused"
    NO_MATCH = "no_match"
    AMBIGUOUS = "ambiguous"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Permitted:
    """Fields of one source agency's data category that were let through, and under what.

    `legal_basis` is a text: the code the decision rests on, and the citation where there is one.
    """

    source: str
    category: str
    fields: tuple[str, ...]
    agreement: str | None = None
    revision: int | None = None
    legal_basis: str | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """Fields that were asked for and held back, with the reasons' codes; no source where none was ruled on."""

    source: str | None
    category: str
    fields: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """The part that stays: it names the caller, never the constituent.

    `action` is what was asked of the hub (a look-up, a prompt, an export); `agency`, `system` and `user`
    are the recipient's (`user` a pseudonym); `agreement` the one it invoked, if any; `policy` the digest of
    the rules in force; `reasons` why nothing at all could be ruled on, of an act what was done; `decided_at`
    an aware time, kept to the microsecond. Lists keep their order, and the order is committed to.
    """

    action: str
    outcome: Outcome
    agency: str
    system: str
    purpose: str
    decided_at: datetime
    policy: str
    user: str | None = None
    agreement: str | None = None
    permitted: tuple[Permitted, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.decided_at.utcoffset() is None:
            raise EntryInvalid("decided_at has no time zone")
        for item in self.permitted:
            _require_whole(item.revision or 0)

    def to_bytes(self) -> bytes:
        """Canonical bytes: RFC 8785 JSON of strings, whole numbers, lists, objects and null."""
        decided_at = self.decided_at.astimezone(UTC).replace(tzinfo=None)
        return _encoded(
            {name: getattr(self, name) for name in self.__slots__}
            | {
                "decided_at": decided_at.isoformat(timespec="microseconds") + "Z",
                "version": ACCOUNT_VERSION,
            }
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The account with exactly these bytes. Raises EntryInvalid."""
        parts = _decoded(content, ACCOUNT_VERSION)
        try:
            parts["outcome"] = Outcome(parts["outcome"])
            parts["decided_at"] = datetime.fromisoformat(parts["decided_at"])
            parts["permitted"] = tuple(
                Permitted(**item | {"fields": tuple(item["fields"])}) for item in parts["permitted"]
            )
            parts["withheld"] = tuple(
                Withheld(
                    **item | {"fields": tuple(item["fields"]), "reasons": tuple(item["reasons"])}
                )
                for item in parts["withheld"]
            )
            parts["reasons"] = tuple(parts["reasons"])
            account = cls(**parts)
        except (KeyError, TypeError, ValueError) as cause:
            raise EntryInvalid("not an account") from cause
        if account.to_bytes() != content:
            raise EntryInvalid("not in canonical form")
        return account


@dataclass(frozen=True, slots=True)
class Subject:
    """The part that can be erased: whose data it was, and what the decision saw.

    `reference` is the pairwise id of that agency, None where nobody was found; `case_hash` a keyed hash
    of the case reference; `epochs` the counters read (subject, agreement) by name; `inputs` what a replay
    of the decision needs beside the facts at those epochs. Names are printable ASCII.
    """

    reference: str | None = field(repr=False)
    case_hash: str | None = field(repr=False)
    epochs: Mapping[str, int] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for name in (*self.epochs, *self.inputs):
            if not _NAME.fullmatch(name):
                raise EntryInvalid("a name is not 1 to 200 printable ASCII characters")
        for epoch in self.epochs.values():
            _require_whole(epoch)

    def to_bytes(self) -> bytes:
        """Canonical bytes, as of an account."""
        return _encoded(
            {
                "case_hash": self.case_hash,
                "epochs": dict(self.epochs),
                "inputs": dict(self.inputs),
                "reference": self.reference,
                "version": SUBJECT_VERSION,
            }
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The subject part with exactly these bytes. Raises EntryInvalid."""
        parts = _decoded(content, SUBJECT_VERSION)
        try:
            subject = cls(**parts)
        except (AttributeError, TypeError) as cause:
            raise EntryInvalid("not a subject part") from cause
        if subject.to_bytes() != content:
            raise EntryInvalid("not in canonical form")
        return subject


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it rests and is exported: bytes, so that what was committed to is what is read.

    `subject` and `nonce` are None once erased. `subject_digest` is the salted commitment to them and
    stays: without the nonce it tells nothing, with it the leaf can still be computed.
    """

    account: bytes
    subject_digest: bytes
    subject: bytes | None = field(repr=False)
    nonce: bytes | None = field(repr=False)

    @property
    def is_erased(self) -> bool:
        return self.subject is None

    @property
    def commitment(self) -> bytes:
        """The 32 bytes that are this entry's leaf."""
        return commitment(self.account, self.subject_digest)

    def erased(self) -> Self:
        """What is left after erasure; its leaf is the same."""
        return replace(self, subject=None, nonce=None)


def write(account: Account, subject: Subject, nonce: bytes) -> Entry:
    """An entry ready to be stored. `nonce`: 32 random bytes, never used for another entry.

    The nonce binds the entry, not its number: numbers are given later, after commit.
    """
    content = subject.to_bytes()
    return Entry(account.to_bytes(), subject_digest(content, nonce), content, nonce)


def subject_digest(subject: bytes, nonce: bytes) -> bytes:
    """Salted commitment to the subject part: hiding while the nonce is secret, binding always."""
    if len(nonce) != NONCE_BYTES:
        raise EntryInvalid(f"a nonce has {NONCE_BYTES} bytes")
    return sha256(_SUBJECT_DOMAIN + nonce + subject).digest()


def commitment(account: bytes, digest: bytes) -> bytes:
    """The leaf of an account and a subject digest. The digest's nonce hides the account as well."""
    return sha256(_ENTRY_DOMAIN + digest + account).digest()


def _encoded(parts: Mapping[str, object]) -> bytes:
    try:
        content = _ENCODE(parts)
    except UnicodeEncodeError as cause:
        raise EntryInvalid("a text is not valid Unicode") from cause
    if len(content) > PART_BYTES_MAX:
        raise EntryInvalid(f"a part is longer than {PART_BYTES_MAX} bytes")
    return content


def _decoded(content: bytes, version: int) -> dict[str, Any]:
    try:
        parts = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as cause:
        raise EntryInvalid("not JSON") from cause
    if not isinstance(parts, dict) or parts.pop("version", None) != version:
        raise EntryInvalid("of another version")
    return parts


def _require_whole(number: int) -> None:
    if type(number) is not int or not 0 <= number <= _WHOLE_MAX:
        raise EntryInvalid("a number is not whole, or out of range")
