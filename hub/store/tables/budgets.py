"""What each client asked in a day, and the alarms its days raised. Of whom it asked, a keyed hash for that day alone."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Identity, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base


class LookUpBudget(Base):
    """A client's day: questions asked, different ones among them that were let through, and answers that gave nothing."""

    __tablename__ = "look_up_budgets"

    client: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    asked: Mapped[int]
    asked_distinct: Mapped[int]
    missed: Mapped[int]


class LookUpQuestion(Base):
    """That something was asked on a day, so that it counts once. The hash is of the client, the day and the question."""

    __tablename__ = "look_up_questions"

    day: Mapped[date] = mapped_column(primary_key=True)
    question_hash: Mapped[bytes] = mapped_column(primary_key=True)


class Alarm(Base):
    """That a client's day broke a rule, once a rule, with the figures of that moment. Written once, never changed."""

    __tablename__ = "alarms"
    __table_args__ = (UniqueConstraint("client", "rule", "day"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    client: Mapped[str]
    rule: Mapped[str]
    day: Mapped[date]
    asked: Mapped[int]
    asked_distinct: Mapped[int]
    missed: Mapped[int]
    raised_at: Mapped[datetime]
