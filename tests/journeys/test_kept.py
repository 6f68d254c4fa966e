"""What a process makes once and keeps."""

from __future__ import annotations

from hub.journeys.kept import Kept


def test_a_maker_may_ask_for_what_another_makes() -> None:
    kept = Kept()
    assert kept.get("outer", lambda: kept.get("inner", lambda: 1) + 1) == 2
    assert kept.get("inner", lambda: 7) == 1
