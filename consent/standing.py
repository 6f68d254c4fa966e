"""What state her consent is in: a projection over all that she and others ever said.

Decides the state of one category under one revision of an agreement, and on which events it rests.
Whether a consent is needed at all is decision.py's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from consent.policy import Agreement, ConsentEvent, Representation
from consent.vocabulary import ConsentState, DataCategory, RepresentationKind


@dataclass(frozen=True, slots=True)
class Standing:
    """A state and the ids of the events it rests on, sorted; none where nothing was ever said."""

    state: ConsentState
    events: tuple[str, ...] = ()


# Where the facts of several subjects meet after a merge, or one epoch holds two answers, a "no" wins over
# a "yes"; a "yes" that no longer counts does not undo one that does.
_FIRST: Final = (
    ConsentState.INVALIDATED,
    ConsentState.REVOKED,
    ConsentState.WITHDRAWN,
    ConsentState.REFUSED,
    ConsentState.RENEWED,
    ConsentState.GIVEN,
    ConsentState.EXPIRED,
    ConsentState.UNKNOWN,
)


def standing_of(
    agreement: Agreement,
    category: DataCategory,
    events: Iterable[ConsentEvent],
    representations: Iterable[Representation],
    on: date,
) -> Standing:
    """The consent to share this category under this agreement on that day; in no order of the events.

    Events follow each other by the subject's epoch, never by a clock. A "no" counts whichever revision it
    was said of; a "yes" only for its own and those that declare to be compatible with it.
    """
    said: dict[str, list[ConsentEvent]] = {}
    for event in events:
        if event.agreement.id == agreement.id and category in event.categories:
            said.setdefault(event.subject, []).append(event)
    known = tuple(representations)
    states: list[tuple[ConsentState, str]] = []
    for of_subject in said.values():
        newest = max(event.epoch for event in of_subject)
        states += [
            (_state_of(event, agreement, known, on), event.id)
            for event in of_subject
            if event.epoch == newest
        ]
    if not states:
        return Standing(ConsentState.UNKNOWN)
    first = min((state for state, _ in states), key=_FIRST.index)
    return Standing(first, tuple(sorted({id_ for state, id_ in states if state is first})))


def _state_of(
    event: ConsentEvent,
    agreement: Agreement,
    representations: tuple[Representation, ...],
    on: date,
) -> ConsentState:
    if not event.state.is_valid:
        return event.state
    if event.purpose != agreement.purpose:
        return ConsentState.UNKNOWN
    if event.agreement.revision not in {agreement.revision, *agreement.compatible_revisions}:
        return ConsentState.UNKNOWN
    if event.representation is not None:
        by = [one for one in representations if one.id == event.representation]
        if not by or not all(_might_consent(one, event) for one in by):
            return ConsentState.UNKNOWN
        # What a guardian said for a child ends with the guardianship: of age, she is asked herself.
        if any(one.kind is RepresentationKind.GUARDIAN and not one.is_valid_on(on) for one in by):
            return ConsentState.EXPIRED
    if event.valid_until is not None and event.valid_until < on:
        return ConsentState.EXPIRED
    return event.state


def _might_consent(by: Representation, event: ConsentEvent) -> bool:
    return by.is_valid_on(event.given_on) and by.covers(event.purpose)
