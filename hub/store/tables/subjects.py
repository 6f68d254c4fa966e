"""What was said of, by and for constituents: consent, representations, restrictions, and notices of it.

A constituent is named here by a keyed hash of her id's age number (`subject_hash`), so that who is at risk,
represented or objecting cannot be read from the tables. Facts are added and ended, never changed.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base


class Subject(Base):
    """How often a constituent's facts have changed; no row where they never have.

    erased_at: her key was destroyed, and what it sealed is meant to be unreadable.
    """

    __tablename__ = "subjects"

    subject_hash: Mapped[bytes] = mapped_column(primary_key=True)
    epoch: Mapped[int]
    erased_at: Mapped[datetime | None]


class SubjectKeyRow(Base):
    """The wrapped key that seals what hangs on a constituent, apart so that its backups can age apart."""

    __tablename__ = "subject_keys"

    subject_hash: Mapped[bytes] = mapped_column(primary_key=True)
    wrapped_key: Mapped[bytes]


class ConsentEventRow(Base):
    """consent.policy.ConsentEvent; `sealed` holds notice, language, method, evidence and who recorded it."""

    __tablename__ = "consent_events"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    subject_hash: Mapped[bytes] = mapped_column(index=True)
    epoch: Mapped[int]
    agreement: Mapped[str]
    revision: Mapped[int]
    purpose: Mapped[str]
    state: Mapped[str]
    categories: Mapped[list[str]] = mapped_column(ARRAY(Text))
    given_on: Mapped[date]
    valid_until: Mapped[date | None]
    representation_id: Mapped[int | None]
    sealed: Mapped[bytes]
    recorded_at: Mapped[datetime]


class _SealedFact:
    """A fact that is sealed whole, `sealed`, with who ended it before its time, `sealed_end`.

    epoch, ended_epoch: the subject's, as of when it was added and ended.
    """

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    subject_hash: Mapped[bytes] = mapped_column(index=True)
    epoch: Mapped[int]
    sealed: Mapped[bytes]
    recorded_at: Mapped[datetime]
    ended_epoch: Mapped[int | None]
    ended_at: Mapped[datetime | None]
    sealed_end: Mapped[bytes | None]


class RepresentationRow(_SealedFact, Base):
    """consent.policy.Representation."""

    __tablename__ = "representations"


class RestrictionRow(_SealedFact, Base):
    """consent.policy.Restriction: even of what kind it is shows to nobody.

    Nor do those who lifted it: two names would tell that it was of a kind that takes two.
    """

    __tablename__ = "restrictions"


class Notice(Base):
    """What a recipient must be told of a constituent it was given data of (hub.domain.notices), sealed.

    In the clear it would tell who objected: pairwise ids lead to records.
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index("notices_open_idx", "agency", "id", postgresql_where=text("taken_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    agency: Mapped[str]
    sealed: Mapped[bytes]
    made_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]


class Correction(Base):
    """What a constituent says is wrong in a record: a proposal to the agency that owns it, sealed.

    answer: accepted or declined, null while it waits; sealed_note: what the agency says to it. Both sealed
    texts are empty once the record is erased.
    """

    __tablename__ = "corrections"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    agency: Mapped[str]
    record_id: Mapped[int]
    subject_hash: Mapped[bytes] = mapped_column(index=True)
    sealed: Mapped[bytes]
    made_at: Mapped[datetime]
    answer: Mapped[str | None]
    sealed_note: Mapped[bytes | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]


class Suppression(Base):
    """A record's key (keyed hash) that was erased: rows under it are not taken in again."""

    __tablename__ = "suppressions"

    key_hash: Mapped[bytes] = mapped_column(primary_key=True)
    erased_at: Mapped[datetime]
