"""What bears on whether two records are one constituent, and how it is told.

Decides the sentences and their order: agreement, then objection, then judgement, then source rule, then
weight, as the partition has it. Numbers, labels and ids only, never a value of anybody. Finding the facts is why.py's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from hub.domain.records import ConstituentKind
from hub.domain.reviews import ReviewReason, Verdict
from matching.explain import PairExplanation
from matching.model import MICROBITS


class Seen(StrEnum):
    """How far the partition has seen a record."""

    RESOLVED = "resolved"
    LOADED_ONLY = "loaded only"
    CHANGED_SINCE = "changed since"


class Fate(StrEnum):
    """What became of a blocking key that two records share."""

    COUNTS = "counts"
    SUPPRESSED = "suppressed as too common"
    SECOND_TIER = "second tier, and neither record is poor"


class Scope(StrEnum):
    """Whom a judgement speaks of: the two records, records tied to them by SAME, or others they stand with."""

    PAIR = "the pair"
    CHAIN = "a chain"
    CONSTITUENTS = "their constituents"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two records. component: its lowest record number; None where the partition has not seen it.

    constituent_records, component_records: how many present records there are in each, this one counted.
    may_match: some agreement lets its source's records be linked. is_apart: none does, or its constituent
    objected to linkage. is_poor: it has few strong attributes.
    """

    record: int
    source: str
    kind: ConstituentKind
    seen: Seen
    constituent: UUID | None
    constituent_records: int
    component: int | None
    component_records: int
    may_match: bool
    is_apart: bool
    is_poor: bool


@dataclass(frozen=True, slots=True)
class SharedKey:
    """A blocking rule whose key both records offer, by its number and label."""

    rule: int
    label: str
    fate: Fate


@dataclass(frozen=True, slots=True)
class Between:
    """All pairs between two constituents: how many, their average (rounded down) and the best one's weight."""

    pairs: int
    average_microbits: int
    best_microbits: int


@dataclass(frozen=True, slots=True)
class Weighing:
    """What the active model makes of the pair, and where it draws its lines.

    between: None within one constituent, and where the two are too large to be averaged.
    """

    model: str
    review_min_microbits: int
    link_min_microbits: int
    merge_min_microbits: int
    pair: PairExplanation
    between: Between | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What stewards said, by the numbers of the judgements; of a chain, all that it is made of."""

    verdict: Verdict
    scope: Scope
    judgements: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SourceRule:
    """A source that holds nobody twice, and both sides are in it. is_pair: by the two records themselves."""

    source: str
    is_pair: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of a component too large to be judged as a whole. looks: how many records of it differ.

    is_left_apart: no bar divided the part the two are in. is_one_piece: they were judged together.
    """

    looks: int
    is_left_apart: bool
    is_one_piece: bool


@dataclass(frozen=True, slots=True)
class ReviewAbout:
    """An open review about either constituent or component. is_between: it asks whether the two are one."""

    number: int
    reason: ReviewReason
    is_between: bool


@dataclass(frozen=True, slots=True)
class Why:
    """Everything that bears on whether two records are one constituent, and the verdict in sentences.

    weighing: None where no model is published, or the active one does not fit this release. cut: None where
    the two are in different components, or theirs is judged as a whole. seen: hand it back with an act on the
    two; None where none was asked for.
    """

    left: Side
    right: Side
    is_same_constituent: bool
    is_same_component: bool
    keys: tuple[SharedKey, ...] = ()
    weighing: Weighing | None = None
    judged: tuple[Judged, ...] = ()
    source_rules: tuple[SourceRule, ...] = ()
    cut: Cut | None = None
    reviews: tuple[ReviewAbout, ...] = ()
    verdict: tuple[str, ...] = ()
    seen: str | None = None


def told(found: Why, hitch: str) -> Iterator[str]:
    """The verdict in sentences. hitch: why nothing could be weighed, empty where it could."""
    yield from _unresolved(found)
    if found.is_same_constituent:
        yield "They are one constituent."
        yield from _together(found)
    else:
        yield "They are not one constituent."
        reasons = [*_held_apart(found), *_by_weight(found), *_by_cut(found)]
        yield from reasons
        if not reasons and not hitch and _is_resolved(found):
            yield (
                "Nothing said here holds them apart: what stands is of another model, or of before a "
                "change. The next `hub link` looks again."
            )
    if hitch:
        yield hitch
    for review in found.reviews:
        if review.is_between:
            yield f"Review {review.number} ({review.reason}) asks a steward about the two."


def _is_resolved(found: Why) -> bool:
    return found.left.seen is found.right.seen is Seen.RESOLVED


def _unresolved(found: Why) -> Iterator[str]:
    for name, side in (("first", found.left), ("second", found.right)):
        if side.seen is Seen.LOADED_ONLY:
            yield (
                f"The {name} record was loaded and is not resolved yet: `hub resolve` or `hub link` "
                "places it."
            )
        elif side.seen is Seen.CHANGED_SINCE:
            yield (
                f"The {name} record has changed since it was resolved: where it stands rests on what it "
                "said before."
            )


def _together(found: Why) -> Iterator[str]:
    for judged in found.judged:
        if judged.verdict is Verdict.SAME:
            yield f"{_numbered(judged)} says SAME, whatever they weigh."
    if any(rule.is_pair for rule in found.source_rules):
        yield "Their source holds nobody twice; a judgement outranks that."
    weighing = found.weighing
    if weighing is None:
        return
    weight = weighing.pair.weight_microbits
    if weight >= weighing.link_min_microbits:
        yield f"They weigh {_bits(weight)}, the link bar is {_bits(weighing.link_min_microbits)}."
    else:
        yield (
            f"By themselves they weigh {_bits(weight)}, below the link bar of "
            f"{_bits(weighing.link_min_microbits)}: among the constituent's "
            f"{found.left.constituent_records} records others join them."
        )
    if not _is_candidate(found):
        yield "They share no blocking key that counts: others of the constituent brought them together."


def _held_apart(found: Why) -> Iterator[str]:
    """What outranks a weight, in the order of precedence."""
    for name, side in (("first", found.left), ("second", found.right)):
        if not side.may_match:
            yield f"The {name} record stands apart: no agreement in force lets {side.source} be linked."
        elif side.is_apart:
            yield f"The {name} record stands apart: its constituent objected to linkage."
    for judged in found.judged:
        if judged.verdict is Verdict.DIFFERENT:
            yield f"{_numbered(judged)} says DIFFERENT, of {judged.scope}."
        else:
            yield (
                f"{_numbered(judged)} says SAME, and is not followed while what outranks or "
                "contradicts it stands."
            )
    for rule in found.source_rules:
        both = "They are two records" if rule.is_pair else "Both constituents hold a record"
        yield f"{both} of source {rule.source}, which holds nobody twice."


def _by_weight(found: Why) -> Iterator[str]:
    weighing = found.weighing
    if weighing is None:
        return
    weight, link = weighing.pair.weight_microbits, weighing.link_min_microbits
    if not _is_candidate(found):
        inside = ", only within their component" if found.is_same_component else ""
        yield (
            f"They share no blocking key that counts: they were never compared as candidates{inside}."
        )
    if weight < weighing.review_min_microbits:
        yield f"They weigh {_bits(weight)}, below the review bar of {_bits(weighing.review_min_microbits)}."
    elif weight < link:
        yield f"They weigh {_bits(weight)}, below the link bar of {_bits(link)}."
    between = weighing.between
    if between is None or between.pairs == 1:
        return
    if between.best_microbits < link:
        yield (
            f"The best of the {between.pairs:,} pairs between their constituents weighs "
            f"{_bits(between.best_microbits)}, below the link bar of {_bits(link)}."
        )
    if between.average_microbits < weighing.merge_min_microbits:
        yield (
            f"The {between.pairs:,} pairs between their constituents weigh "
            f"{_bits(between.average_microbits)} on average, below the merge bar of "
            f"{_bits(weighing.merge_min_microbits)}."
        )


def _by_cut(found: Why) -> Iterator[str]:
    cut = found.cut
    if cut is None:
        return
    component = (
        f"Their component holds {cut.looks:,} records that differ, too many to be judged as a whole"
    )
    if cut.is_left_apart:
        yield f"{component}: no raised bar divided it, and all of it was left apart for a steward."
    elif not cut.is_one_piece:
        yield f"{component}: it was cut at a raised bar, and the two fell into different pieces."


def _is_candidate(found: Why) -> bool:
    return any(key.fate is Fate.COUNTS for key in found.keys)


def _numbered(judged: Judged) -> str:
    numbers: Sequence[int] = judged.judgements
    if len(numbers) == 1:
        return f"Judgement {numbers[0]}"
    return f"The chain of judgements {', '.join(map(str, numbers))}"


def _bits(microbits: int) -> str:
    return f"{microbits / MICROBITS:+.2f} bits"
