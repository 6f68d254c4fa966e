"""A stored row of the log -> its entry as it was written, for export and verification."""

from __future__ import annotations

from consent.log.entry import Entry
from hub.journeys import disclosing
from hub.store.log import LogRow
from hub.vault.keyring import RootKey


def readable(keys: RootKey, row: LogRow) -> Entry | None:
    """The entry; None for a leaf without one. Raises SealBroken."""
    if row.account is None or row.subject_digest is None:
        return None
    return disclosing.opened(
        keys,
        as_text(row.account),
        row.subject_digest,
        row.sealed_subject,
        row.subject_hash,
        row.wrapped_key,
    )


def digest_only(row: LogRow) -> Entry | None:
    """The entry as if erased: all of it that can be told where its subject part does not open."""
    if row.account is None or row.subject_digest is None:
        return None
    return Entry(as_text(row.account), row.subject_digest, None, None)


def as_text(account: bytes) -> bytes:
    """An account that is no text (altered, that is) as one, for a row of an export holds texts."""
    return account.decode("utf-8", "replace").encode()
