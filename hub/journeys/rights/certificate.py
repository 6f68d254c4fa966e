"""The certificate of an erasure: what was destroyed, when, and what that does not reach, signed.

Decides the form: one JSON object whose `certificate` is a text, signed as it stands, so that nothing lies between what
is read and what was signed. It holds numbers and ids, and no value of anybody. The hub keeps no copy, but for repeats of
the request within a day (hub/journeys/repeats.py).
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from consent.log.export import canonical
from hub.vault.keyring import RootKey
from hub.vault.signing import CertificateKey, NotGenuine, is_signed

FORMAT: Final = "hub/erasure-certificate@1"

NOTES: Final = (
    "What is sealed stays in the database as it was; nothing opens it once the keys named here are gone.",
    "Backups of the keys are destroyed as they age out: until the day named here one could be restored.",
    "Rows under the same source keys stay out. The same person under a new key is a new constituent.",
    "The agencies' own records, and what was released to others before, are not in the hub's hands.",
)


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What an erasure destroyed. records: by source. record_keys: the numbers of the records whose data keys went.

    subject_keys: in hexadecimal. kept_out: source keys under which nothing is taken in again.
    """

    records: Mapping[str, int]
    record_keys: tuple[int, ...]
    subject_keys: tuple[str, ...]
    entries: int
    reasons: int
    corrections: int
    quarantined: int
    kept_out: int


def issue(
    keys: RootKey,
    ids: tuple[UUID, ...],
    destroyed: Destroyed,
    *,
    at: datetime,
    authority: str,
    entry: int,
    backups_until: date,
) -> bytes:
    """The certificate, signed. entry: of the disclosure log, that tells of the erasure."""
    stated: dict[str, Any] = {
        "format": FORMAT,
        "constituent": [str(one) for one in ids],
        "erased_at": at.isoformat(),
        "authority": authority,
        "entry": entry,
        "destroyed": {
            "records": dict(destroyed.records),
            "record_keys": list(destroyed.record_keys),
            "subject_keys": list(destroyed.subject_keys),
            "entries": destroyed.entries,
            "reasons": destroyed.reasons,
            "corrections": destroyed.corrections,
            "quarantined": destroyed.quarantined,
        },
        "kept_out": destroyed.kept_out,
        "key_backups_until": backups_until.isoformat(),
        "notes": list(NOTES),
    }
    text = canonical(stated)
    key = CertificateKey(keys)
    envelope = {
        "certificate": text.decode(),
        "public_key": b64encode(key.public).decode(),
        "signature": b64encode(key.sign(text)).decode(),
    }
    return json.dumps(envelope, indent=1, sort_keys=True).encode() + b"\n"


def verify(content: bytes, public: bytes) -> dict[str, Any]:
    """What a certificate states, once it is signed with that key. Raises NotGenuine."""
    try:
        envelope = json.loads(content.decode("utf-8"))
        text = envelope["certificate"].encode("utf-8")
        signature = b64decode(envelope["signature"], validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as cause:
        raise NotGenuine("not a certificate") from cause
    if not is_signed(public, text, signature):
        raise NotGenuine("not signed by this hub")
    stated: dict[str, Any] = json.loads(text)
    if stated.get("format") != FORMAT:
        raise NotGenuine("of another form")
    return stated
