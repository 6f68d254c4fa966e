"""Compile a contract into checks of single cells: required, and of the type promised.

Decides which texts count as an integer, a date and so on. Whether columns are there at all is
checked once per source, by mapping.check_columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias

from connectors.getters import Positions
from connectors.leaf import leaves
from connectors.source import ColumnContract, ColumnType, SourceBody
from connectors.steps import DateStep, DatetimeStep
from connectors.values import TRUTHS, Broken, as_moment, as_text, parse_date

Check: TypeAlias = Callable[[object], None]
IsType: TypeAlias = Callable[[object], bool]

INTEGER = re.compile(r"[+-]?[0-9]+")
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
BOOLEAN_WORDS = frozenset((*TRUTHS, "t", "f", "yes", "no", "y", "n"))


def contract_checks(source: SourceBody, at: Positions) -> list[tuple[int, Check]]:
    """Position and check for each column of the contract that promises anything."""
    return [
        (at[name], _check(name, column, _formats(source, name, column)))
        for name, column in source.contract.columns.items()
        if column.required or column.type is not None
    ]


def _check(name: str, column: ColumnContract, formats: tuple[str, ...]) -> Check:
    required = column.required
    is_type = None if column.type is None else _is_type(column.type, formats)

    def check(value: object) -> None:
        if value is None:
            if required:
                raise Broken("required_missing", name)
        elif is_type is not None and not is_type(value):
            raise Broken("wrong_type", name)

    return check


def _formats(source: SourceBody, name: str, column: ColumnContract) -> tuple[str, ...]:
    """How dates of this column are written: as the contract says, else as its transforms read it."""
    if column.format is not None:
        return tuple(column.format)
    found: list[str] = []
    for leaf in leaves(source):
        for step in leaf.transforms if leaf.column == name else ():
            if isinstance(step, DateStep):
                found += step.date
            elif isinstance(step, DatetimeStep):
                found += step.datetime
    return tuple(dict.fromkeys(found))


def _is_type(kind: ColumnType, formats: tuple[str, ...]) -> IsType:
    if kind in (ColumnType.DATE, ColumnType.DATETIME):
        return lambda value: _is_date(value, formats)
    return TYPES[kind]


def _is_text(value: object) -> bool:
    try:
        as_text(value)
    except Broken:
        return False
    return True


def _is_integer(value: object) -> bool:
    if isinstance(value, str):
        return INTEGER.fullmatch(value) is not None
    if isinstance(value, float | Decimal):
        return value == value.__trunc__() if value == value else True
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return NUMBER.fullmatch(value) is not None
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool) or str(value).lower() in BOOLEAN_WORDS


def _is_date(value: object, formats: tuple[str, ...]) -> bool:
    if isinstance(value, datetime | date):
        return True
    if formats and isinstance(value, str):
        return parse_date(value, formats) is not None
    try:
        as_moment(value)
    except Broken:
        return False
    return True


TYPES: Mapping[ColumnType, IsType] = MappingProxyType(
    {
        ColumnType.TEXT: _is_text,
        ColumnType.INTEGER: _is_integer,
        ColumnType.NUMBER: _is_number,
        ColumnType.BOOLEAN: _is_boolean,
    }
)
