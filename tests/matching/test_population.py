from __future__ import annotations

import numpy as np
import pyarrow as pa

from matching.candidates import TAGS_SCHEMA
from matching.population import Population


def population(*objecting: int) -> Population:
    return Population(
        features=pa.table({"record": pa.array([3, 5, 8], pa.int64())}),
        tags=TAGS_SCHEMA.empty_table(),
        poor=np.empty(0, np.int64),
        source=np.zeros(3, np.int64),
        order_key=[b"a", b"b", b"c"],
        objecting=np.array(objecting, np.int64),
    )


def test_records_that_stand_apart_are_not_compared() -> None:
    assert population(5, 9).compared["record"].to_pylist() == [3, 8]
    assert population().compared["record"].to_pylist() == [3, 5, 8]
