"""Rows of a mainframe's drop: every column at its place, cut and padded to its width."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """Column names and widths, in order, without gaps."""

    columns: tuple[tuple[str, int], ...]

    def line(self, values: tuple[str, ...]) -> str:
        """One line with its line end. Too long a value is cut, as the mainframe cuts it."""
        cells = zip(values, self.columns, strict=True)
        return "".join(f"{value[:width]:<{width}}" for value, (_, width) in cells) + "\n"

    def document(self) -> list[dict[str, object]]:
        """The columns as a source's YAML lists them: name, start from 1, width."""
        start, listed = 1, []
        for name, width in self.columns:
            listed.append({"name": name, "start": start, "width": width})
            start += width
        return listed
