"""Which pairs of records are worth a comparison: those that share a blocking tag which is not too frequent.

Decides nothing silently: a tag is passed over only if the list says so, and no list of candidates is
ever cut short. Which tags a record offers is blocking.py's; what a pair is worth is the model's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

TAGS_SCHEMA = pa.schema([("record", pa.int64()), ("tag", pa.int64()), ("rule", pa.int16())])
SUPPRESSED_SCHEMA = pa.schema([("tag", pa.int64()), ("records", pa.int64())])
PAIRS_SCHEMA = pa.schema([("left", pa.int64()), ("right", pa.int64())])


@dataclass(frozen=True, slots=True)
class Candidates:
    """pairs: PAIRS_SCHEMA, left < right, each pair once, sorted.

    suppressed: SUPPRESSED_SCHEMA, the tags of the list that this population holds, with how many records
    each would have brought together. outgrown: likewise, tags above the cap that the list does not name;
    their pairs are all here, but the model wants a new version.
    """

    pairs: pa.Table
    suppressed: pa.Table
    outgrown: pa.Table


# Both tables live in the engine's memory and go with it: only tags that two or more records share, each
# record once, and whether the tag's rule is of the second tier.
_SHARED = """
CREATE TABLE candidate_shared AS
SELECT DISTINCT record, tag, second_tier
FROM candidate_tags JOIN candidate_tiers USING (rule)
WHERE tag IN (SELECT tag FROM candidate_tags GROUP BY tag HAVING count(*) > 1)
"""

# A pair of rich records must not even be built from a second-tier tag, so poor ones are joined to all.
_PAIRS = """
WITH used AS (SELECT * FROM candidate_shared WHERE tag NOT IN (SELECT tag FROM candidate_suppressed)),
second AS (SELECT record, tag FROM used WHERE second_tier),
asking AS (SELECT record, tag FROM second WHERE record IN (SELECT record FROM candidate_poor))
SELECT DISTINCT * FROM (
    SELECT a.record AS "left", b.record AS "right" FROM used a JOIN used b USING (tag)
    WHERE a.record < b.record AND NOT a.second_tier AND NOT b.second_tier
    UNION ALL
    SELECT least(a.record, b.record), greatest(a.record, b.record)
    FROM asking a JOIN second b USING (tag) WHERE a.record <> b.record
) ORDER BY ALL
"""

_FREQUENT = """
SELECT tag, count(DISTINCT record) AS records FROM {tags}
WHERE tag IN (SELECT tag FROM {tags} GROUP BY tag HAVING count(*) > {cap:d})
GROUP BY tag HAVING records > {cap:d} ORDER BY tag
"""

_HELD_BACK = """
SELECT tag, count(DISTINCT record) AS records FROM candidate_shared
WHERE tag IN (SELECT tag FROM candidate_suppressed) GROUP BY tag ORDER BY tag
"""

_OUTGROWN = """
SELECT tag, count(*) AS records FROM candidate_shared
WHERE tag NOT IN (SELECT tag FROM candidate_suppressed)
GROUP BY tag HAVING records > {cap:d} ORDER BY tag
"""


def suppressed_tags(connection: duckdb.DuckDBPyConnection, tags: pa.Table, cap: int) -> pa.Table:
    """The tags that more than `cap` records share: SUPPRESSED_SCHEMA, ordered by tag.

    Distinct records are counted, whatever the rule's tier. Taken once, when a model version is made, and frozen with it.
    """
    connection.register("candidate_tags", tags)
    try:
        query = _FREQUENT.format(tags="candidate_tags", cap=cap)
        found: pa.Table = connection.sql(query).to_arrow_table()
    finally:
        connection.unregister("candidate_tags")
    return found


def candidate_pairs(
    connection: duckdb.DuckDBPyConnection,
    tags: pa.Table,
    poor: npt.NDArray[np.int64],
    suppressed: Collection[int] | npt.NDArray[np.int64],
    *,
    tier_of_rule: Mapping[int, int],
    cap: int,
) -> Candidates:
    """All pairs of records that share a tag not suppressed.

    tags: TAGS_SCHEMA, a row may repeat. poor: records (int64) with few strong attributes; a tag of a
    tier-2 rule counts only for a pair with a poor one in it. suppressed: the model version's tags
    (int64). cap only tells which tags have outgrown it since.

    Raises ValueError for a rule without a tier, duckdb.OutOfMemoryException when the pairs do not fit.
    """
    missing = set(np.unique(tags["rule"].to_numpy()).tolist()) - set(tier_of_rule)
    if missing:
        raise ValueError(f"blocking rules without a tier: {sorted(missing)}")
    tiers = [(rule, tier > 1) for rule, tier in sorted(tier_of_rule.items())]
    inputs = {
        "candidate_tags": tags,
        "candidate_tiers": pa.table(
            {
                "rule": pa.array([r for r, _ in tiers], pa.int16()),
                "second_tier": [s for _, s in tiers],
            }
        ),
        "candidate_poor": pa.table({"record": pa.array(poor, pa.int64())}),
        "candidate_suppressed": pa.table({"tag": pa.array(list(suppressed), pa.int64())}),
    }
    for name, table in inputs.items():
        connection.register(name, table)
    try:
        connection.execute(_SHARED)
        return Candidates(
            pairs=connection.sql(_PAIRS).to_arrow_table(),
            suppressed=connection.sql(_HELD_BACK).to_arrow_table(),
            outgrown=connection.sql(_OUTGROWN.format(cap=cap)).to_arrow_table(),
        )
    finally:
        connection.execute("DROP TABLE IF EXISTS candidate_shared")
        for name in inputs:
            connection.unregister(name)
