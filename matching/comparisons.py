"""What a model of one constituent kind compares, given the columns that the data fill.

Decides which questions are asked, custom attributes included. The questions themselves stand in
person_comparisons.py and organization_comparisons.py; how much an answer weighs is learned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from hub.domain.records import ConstituentKind, CustomAttribute, CustomComparison
from matching.features import CUSTOM_PREFIX
from matching.levels import Comparison, Level, edits, longer, missing, same, start, typos
from matching.organization_comparisons import ORGANIZATION
from matching.person_comparisons import PERSON

_ASKED: Final = {ConstituentKind.PERSON: PERSON, ConstituentKind.ORGANIZATION: ORGANIZATION}


def _custom(attribute: CustomAttribute) -> Comparison:
    """The question a declared attribute adds, in levels by how it says it is compared."""
    if not _NAME_OF_CUSTOM.fullmatch(attribute.name):
        raise ValueError(
            "a custom attribute is named in lower-case letters, digits and underscores"
        )
    column = CUSTOM_PREFIX + attribute.name
    levels = (
        Level("same", same(column), 0.80, 0.03, rarity=column, equal_on=(column,)),
        *_NEAR[attribute.comparison](column),
    )
    rest_m = 1.0 - sum(level.m_prior for level in levels)
    rest_u = 1.0 - sum(level.u_prior for level in levels)
    different = Level("different", "ELSE", rest_m, rest_u)
    return Comparison(column, (column,), missing(column), (*levels, different))


_NAME_OF_CUSTOM: Final = re.compile("[a-z][a-z0-9_]{0,60}")  # it becomes a column's name in SQL


def _near_text(column: str) -> tuple[Level, ...]:
    return (
        Level("one typo", f"{edits(column, 1)} AND {longer(column, 3)}", 0.04, 0.002),
        Level("two typos", f"{edits(column, 2)} AND {longer(column, 5)}", 0.02, 0.002),
    )


def _near_date(column: str) -> tuple[Level, ...]:
    return (
        Level("one digit or two neighbours swapped", typos(column, 1), 0.05, 0.002),
        Level("same year and month", start(column, 7), 0.02, 0.004),
        Level("same year", start(column, 4), 0.02, 0.02),
    )


def _near_number(column: str) -> tuple[Level, ...]:
    return (Level("one digit", f"{typos(column, 1)} AND {longer(column, 2)}", 0.06, 0.02),)


def _near_nothing(_column: str) -> tuple[Level, ...]:
    return ()


_NEAR: Final[Mapping[CustomComparison, Callable[[str], tuple[Level, ...]]]] = {
    CustomComparison.EXACT: _near_nothing,
    CustomComparison.TEXT: _near_text,
    CustomComparison.DATE: _near_date,
    CustomComparison.NUMBER: _near_number,
}


def comparisons(
    kind: ConstituentKind, populated: frozenset[str], custom: Iterable[CustomAttribute] = ()
) -> tuple[Comparison, ...]:
    """What a model of this kind asks, given the columns the data fill: whole comparisons and single
    levels that no pair could meet are left out."""
    asked = (*_ASKED[kind], *(_custom(attribute) for attribute in sorted(custom)))
    return tuple(
        _within(comparison, populated) for comparison in asked if _is_asked(comparison, populated)
    )


def _is_asked(comparison: Comparison, populated: frozenset[str]) -> bool:
    one_of = comparison.needs_one_of
    return populated.issuperset(comparison.needs) and (
        not one_of or not populated.isdisjoint(one_of)
    )


def _within(comparison: Comparison, populated: frozenset[str]) -> Comparison:
    levels = tuple(level for level in comparison.levels if populated.issuperset(level.needs))
    return replace(comparison, levels=levels)
