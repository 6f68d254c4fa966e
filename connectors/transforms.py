"""Make the named transforms of a leaf run.

Decides what each transform does to a value that is not null. The closed list of names and their
YAML is steps.py's; reading the result as a date or a code is values.py's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from connectors.leaf import Leaf
from connectors.steps import (
    BooleanStep,
    DateStep,
    DatetimeStep,
    ExtractStep,
    LookupStep,
    NullIfStep,
    ParameterStep,
    PlainStep,
    PrefixStep,
    ReplaceStep,
    SplitStep,
)
from connectors.values import Broken, as_date, as_moment, as_text, parse_date

Transform: TypeAlias = Callable[[object], object]

_NOT_DIGITS = re.compile(r"[^0-9]+")


def compile_transforms(leaf: Leaf) -> tuple[Transform, ...]:
    """The leaf's transforms in order; each takes a value that is not null and may give null.

    Text that comes out blank is null. Raises Broken, without a field, when a value breaks a rule.
    """
    return tuple(
        PLAIN[step] if isinstance(step, str) else PARAMETERISED[type(step)](step)
        for step in leaf.transforms
    )


def _on_text(change: Callable[[str], str | None]) -> Transform:
    def apply(value: object) -> object:
        text = as_text(value)
        return None if text is None else as_text(change(text))

    return apply


PLAIN: Mapping[PlainStep, Transform] = MappingProxyType(
    {
        "trim": _on_text(str.strip),
        "upper": _on_text(str.upper),
        "lower": _on_text(str.lower),
        "title": _on_text(str.title),
        "digits": _on_text(lambda text: _NOT_DIGITS.sub("", text)),
    }
)


def _date(step: ParameterStep) -> Transform:
    assert isinstance(step, DateStep)
    formats, is_lenient, otherwise = tuple(step.date), step.is_lenient, step.otherwise

    def apply(value: object) -> object:
        if isinstance(value, str):
            moment = parse_date(value, formats)
            if moment is None and not is_lenient:
                raise Broken("date_unreadable")
            return as_date(otherwise) if moment is None else moment.date()
        # A typed column needs no format; a column of integers does (20240131).
        text = as_text(value) if isinstance(value, int | float) else None
        return as_date(value) if text is None else apply(text)

    return apply


def _datetime(step: ParameterStep) -> Transform:
    assert isinstance(step, DatetimeStep)
    formats, is_lenient, otherwise = tuple(step.datetime), step.is_lenient, step.otherwise

    def apply(value: object) -> object:
        if not isinstance(value, str):
            return as_moment(value)
        moment = parse_date(value, formats)
        if moment is None and not is_lenient:
            raise Broken("date_unreadable")
        return as_moment(otherwise) if moment is None else moment

    return apply


def _lookup(step: ParameterStep) -> Transform:
    assert isinstance(step, LookupStep)
    table, is_lenient, otherwise = dict(step.lookup), step.is_lenient, step.otherwise

    def apply(value: object) -> object:
        text = as_text(value)
        if text is None:
            return None
        if text not in table and not is_lenient:
            raise Broken("lookup_missing")
        return table.get(text, otherwise)

    return apply


def _boolean(step: ParameterStep) -> Transform:
    assert isinstance(step, BooleanStep)
    words: dict[str, bool] = {
        **dict.fromkeys(step.boolean.true, True),
        **dict.fromkeys(step.boolean.false, False),
    }
    is_lenient, otherwise = step.is_lenient, step.otherwise

    def apply(value: object) -> object:
        if isinstance(value, bool):
            return value
        text = as_text(value)
        if text is None:
            return None
        if text not in words and not is_lenient:
            raise Broken("boolean_unreadable")
        return words.get(text, otherwise)

    return apply


def _extract(step: ParameterStep) -> Transform:
    assert isinstance(step, ExtractStep)
    search = re.compile(step.extract).search

    def change(text: str) -> str | None:
        found = search(text)
        return found[1] if found else None

    return _on_text(change)


def _replace(step: ParameterStep) -> Transform:
    assert isinstance(step, ReplaceStep)
    sub, replacement = re.compile(step.replace.pattern).sub, step.replace.replacement
    return _on_text(lambda text: sub(replacement, text))


def _split(step: ParameterStep) -> Transform:
    assert isinstance(step, SplitStep)
    separator, index = step.split.on, step.split.index

    def change(text: str) -> str | None:
        parts = text.split(separator)
        return parts[index] if -len(parts) <= index < len(parts) else None

    return _on_text(change)


def _prefix(step: ParameterStep) -> Transform:
    assert isinstance(step, PrefixStep)
    prefix = step.prefix
    return _on_text(lambda text: prefix + text)


def _null_if(step: ParameterStep) -> Transform:
    assert isinstance(step, NullIfStep)
    nulls = frozenset(step.null_if)
    return lambda value: None if as_text(value) in nulls else value


PARAMETERISED: Mapping[type, Callable[[ParameterStep], Transform]] = MappingProxyType(
    {
        DateStep: _date,
        DatetimeStep: _datetime,
        LookupStep: _lookup,
        BooleanStep: _boolean,
        ExtractStep: _extract,
        ReplaceStep: _replace,
        SplitStep: _split,
        PrefixStep: _prefix,
        NullIfStep: _null_if,
    }
)
