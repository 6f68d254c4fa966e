"""What is held on a constituent as a page a person reads: plain HTML, without scripts and without anything from outside.

Decides layout and wording. Every value is escaped: records say whatever their sources let people write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import Enum
from html import escape
from typing import Any, Final

import msgspec

from hub.journeys.rights.held import Held, HeldRecord
from hub.journeys.rights.who_looked import Released, Use

_STYLE: Final = (
    "body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;line-height:1.4}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}"
    "th,td{border:1px solid #777;padding:.3rem .5rem;text-align:left;vertical-align:top}"
)

_Row = tuple[object, ...]


def report(held: Held, uses: Iterable[Use], made_at: datetime) -> bytes:
    """The page."""
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        "<title>What is held on you, and who looked</title>",
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
        "<h1>What is held on you, and who looked</h1>",
        f"<p>Made on {_text(made_at)}. Your id in the hub: {_text(held.id)}.</p>",
        *_records(held),
        *_said(held),
        *_uses(uses),
        "<h2>How to check this archive</h2>",
        "<p>The file manifest.json names every file with its SHA-256 and says how to check it.</p>",
        "</main>\n</body>\n</html>\n",
    ]
    return "\n".join(parts).encode()


def _records(held: Held) -> Iterator[str]:
    yield "<h2>What each source holds</h2>"
    for one in held.records:
        yield f"<h3>{_text(one.label)} ({_text(one.agency)})</h3>"
        as_of = "does not say" if one.as_of is None else _text(one.as_of)
        yield f"<p>Last touched at the source: {as_of}.</p>"
        yield from _table("What the record says", ("Field", "Value"), _values(one))
        yield "<p>Why it is held to be yours:</p>\n<ul>"
        yield from (f"<li>{_text(sentence)}</li>" for sentence in one.linked_because)
        yield "</ul>"


def _values(one: HeldRecord) -> Iterator[_Row]:
    for name, value in msgspec.to_builtins(one.record, enc_hook=str).items():
        told = _told(value)
        if told:
            yield name.replace("_", " "), told
    for kind in one.relationships:
        yield "relationship", f"{kind} (with another constituent)"


def _told(value: Any) -> str:
    """A value in words, those that are empty left out."""
    if isinstance(value, dict):
        return ", ".join(
            f"{name.replace('_', ' ')}: {told}"
            for name, item in value.items()
            if (told := _told(item))
        )
    if isinstance(value, (list, tuple)):
        return "; ".join(filter(None, map(_told, value)))
    return "" if value in (None, False, "") else str(value)


def _said(held: Held) -> Iterator[str]:
    yield "<h2>What was said and decided about you</h2>"
    yield from _table(
        "Consent",
        ("Agreement", "For", "What", "Categories", "On", "Until"),
        (
            (
                f"{one.agreement} revision {one.revision}",
                one.purpose,
                one.state,
                ", ".join(one.categories),
                one.given_on,
                one.valid_until,
            )
            for one in held.consents
        ),
    )
    yield from _table(
        "Restrictions",
        ("Kind", "On the authority of", "From", "Until"),
        ((one.kind, one.authority, one.starts_at, one.ends_at) for one in held.restrictions),
    )
    yield from _table(
        "Who may act for you",
        ("By what right", "From", "Until", "Ended"),
        ((one.kind, one.starts_on, one.ends_on, one.ended_at) for one in held.representations),
    )
    yield from _table(
        "Decisions by staff on which records are yours",
        ("Number", "Decided", "On", "Withdrawn"),
        ((one.number, one.verdict, one.judged_at, one.withdrawn_at) for one in held.judgements),
    )
    yield from _table(
        "Objections to linking a record",
        ("Source", "On", "Withdrawn"),
        ((one.source, one.made_at, one.withdrawn_at) for one in held.objections),
    )
    yield from _table(
        "Corrections proposed",
        ("Agency", "Field", "Proposed", "On", "Answer", "Note"),
        (
            (one.agency, one.field, one.proposed, one.made_at, one.answer, one.note)
            for one in held.corrections
        ),
    )
    yield from _table(
        "The id each agency knows you by",
        ("Agency", "Id", "Since"),
        ((one.agency, one.pairwise_id, one.shown_at) for one in held.shown_to),
    )


def _uses(uses: Iterable[Use]) -> Iterator[str]:
    yield "<h2>Who looked</h2>"
    yield from _table(
        "Every use of your data, refused attempts too, the newest first",
        ("When", "Who", "Through", "What for", "Outcome", "What was released, and under what"),
        (
            (
                one.at,
                one.agency_label,
                one.system,
                one.purpose_label,
                f"{one.action.replace('_', ' ')}: {one.outcome.replace('_', ' ')}",
                "; ".join(map(_let_through, one.released)),
            )
            for one in uses
        ),
    )


def _let_through(item: Released) -> str:
    told = f"{item.category.replace('_', ' ')} from {item.source_label}"
    if item.agreement is not None:
        told += f" under {item.agreement} revision {item.revision}"
    return told if item.citation is None else f"{told} ({item.citation})"


def _table(caption: str, heads: tuple[str, ...], rows: Iterable[_Row]) -> Iterator[str]:
    told = list(rows)
    if not told:
        yield f"<p>{_text(caption)}: none.</p>"
        return
    yield f"<table>\n<caption>{_text(caption)}</caption>\n<thead><tr>"
    yield from (f'<th scope="col">{_text(head)}</th>' for head in heads)
    yield "</tr></thead>\n<tbody>"
    for row in told:
        yield "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>"
    yield "</tbody>\n</table>"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return escape(value.isoformat(sep=" ", timespec="seconds"))
    if isinstance(value, date):
        return value.isoformat()
    return escape(str(value.value if isinstance(value, Enum) else value))
