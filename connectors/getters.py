"""Compile one leaf into a function of a row: column, transforms, canonical type.

Decides how a value is fetched and which column a broken rule is blamed on. Closures instead of
interpretation, because a load calls them some ten million times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

from connectors.contract import Row
from connectors.leaf import Leaf
from connectors.transforms import Transform, compile_transforms
from connectors.values import Broken, as_text

T = TypeVar("T")
Getter: TypeAlias = Callable[[Row], T | None]
Sink: TypeAlias = Callable[[object], T | None]
Positions: TypeAlias = Mapping[str, int]


def null(_: Row) -> None:
    """The getter of a field that the mapping leaves out."""


def getter(leaf: Leaf | None, positions: Positions, sink: Sink[T]) -> Getter[T]:
    """A function from a row to the leaf's value, typed by `sink`.

    The function raises Broken naming the source's column. KeyError where a column has no position.
    """
    if leaf is None:
        return null
    if leaf.constant is not None:
        constant = sink(leaf.constant)
        return lambda _: constant
    steps = compile_transforms(leaf)
    if leaf.columns is not None:
        return _joined([positions[name] for name in leaf.columns], leaf, steps, sink)
    (name,) = leaf.names
    return _single(positions[name], name, steps, sink)


def text_getter(leaf: Leaf | None, positions: Positions) -> Getter[str]:
    """As getter, for text: most columns of most sources, so without a detour."""
    if leaf is None or leaf.column is None or leaf.transforms:
        return getter(leaf, positions, as_text)
    index, name = positions[leaf.column], leaf.column

    def get(values: Row) -> str | None:
        value = values[index]
        # A reader has trimmed text already, and has made blank text null.
        if value is None or type(value) is str:
            return value
        return _sunk(value, as_text, name)

    return get


def _single(index: int, name: str, steps: tuple[Transform, ...], sink: Sink[T]) -> Getter[T]:
    def get(values: Row) -> T | None:
        value = values[index]
        try:
            for step in steps:
                if value is None:
                    return None
                value = step(value)
            return None if value is None else sink(value)
        except Broken as broken:
            raise Broken(broken.rule, name) from None

    return get


def _joined(
    indexes: list[int], leaf: Leaf, steps: tuple[Transform, ...], sink: Sink[T]
) -> Getter[T]:
    """Several columns as one text; the null ones are left out, separator included."""
    label = "+".join(leaf.names)
    single = _single(0, label, steps, sink)

    def get(values: Row) -> T | None:
        texts = [_sunk(values[index], as_text, label) for index in indexes]
        joined = leaf.join.join([text for text in texts if text is not None])
        return single((joined or None,))

    return get


def _sunk(value: object, sink: Sink[T], name: str) -> T | None:
    try:
        return sink(value)
    except Broken as broken:
        raise Broken(broken.rule, name) from None
