"""Which of what is filed under ids is a constituent's own: told from where her records were when it was written.

Decides that by records, not by ids: an id can pass from one constituent to another with the record that is at home in
it. What was written under an id is hers if a record of hers was under that id at the time, one she has now or one that
was hers when its source removed it. So a look at somebody else is never told her, though she answers to the id now.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from hub.journeys.context import Hub
from hub.journeys.facts import hashes_of
from hub.store import history
from hub.store.history import LinkSpan
from hub.store.subjects import SubjectIds


class Hers:
    """The ids that records of hers were ever under, and when."""

    def __init__(self, hub: Hub, connection: Connection, ids: SubjectIds) -> None:
        of_record: dict[int, list[LinkSpan]] = {}
        ever = history.records_ever_under(connection, ids.standing)
        for span in history.link_spans(connection, ever):
            of_record.setdefault(span.record_id, []).append(span)
        by_number: dict[int, list[LinkSpan]] = {}
        for spans in of_record.values():
            if spans[-1].number in ids.standing:
                for span in spans:
                    by_number.setdefault(span.number, []).append(span)
        hashes = hashes_of(hub.keys, by_number)
        self._spans = {hashes[number]: spans for number, spans in by_number.items()}

    @property
    def subject_hashes(self) -> list[bytes]:
        """What facts and entries under those ids are filed under."""
        return list(self._spans)

    def are(self, subject_hash: bytes | None, at: datetime) -> bool:
        """Whether what was written there at that moment is hers."""
        return subject_hash is not None and any(
            span.since <= at and (span.until is None or at < span.until)
            for span in self._spans.get(subject_hash, ())
        )
