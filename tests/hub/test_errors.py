"""Errors cross from a worker process to the command line whole."""

from __future__ import annotations

import pickle

import pytest

from hub.domain.errors import (
    HubError,
    ModelUnfit,
    SourceInvalid,
    SourceUnreadable,
    TooManyRejected,
    WrongRootKey,
)


@pytest.mark.parametrize(
    "error",
    [
        SourceInvalid("a.yaml", ["map: unknown field"]),
        SourceUnreadable("drivers", "empty_file", "drivers.csv"),
        TooManyRejected("drivers", 3, 4, 0.05),
        ModelUnfit(["it compares nothing"]),
        WrongRootKey("the root key is not the one"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_travels_whole(error: HubError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
