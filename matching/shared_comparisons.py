"""What is asked of persons and organizations alike: another register's number, and the place.

Decides when two numbers or two places can be compared at all.
"""

from __future__ import annotations

from typing import Final

from matching.levels import Comparison, Level, edits, longer, missing, same, typos

CLOSE_LINE: Final = (
    f"(house_l = house_r AND {edits('street', 2)} OR street_l = street_r AND {edits('house', 1)}"
    f" OR {edits('line', 2)})"
)
"""Two addresses a typing error or two apart."""

OTHER_ID: Final = Comparison(
    name="other_id",
    needs=("other_id",),
    # Numbers of two registers do not contradict each other.
    null_condition=f"{missing('other_id')} OR other_scheme_l <> other_scheme_r",
    blind_in=frozenset({"other_id"}),
    levels=(
        Level(
            "same",
            same("other_id"),
            0.90,
            1e-6,
            rarity="other_id",
            equal_on=("other_scheme", "other_id"),
        ),
        Level("one typo", typos("other_id", 1), 0.04, 1e-5),
        Level("different", "ELSE", 0.06, 0.9999),
    ),
)

PLACE: Final = Comparison(
    name="place",
    needs=(),
    needs_one_of=("post_code", "city"),
    # One address is one place: said once, in the comparison that asks for the address.
    null_condition=f"({missing('post_code')}) AND ({missing('city')}) OR line_l = line_r",
    levels=(
        Level(
            "same post code",
            same("post_code"),
            0.60,
            0.003,
            rarity="post_code",
            needs=("post_code",),
        ),
        Level("same city", same("city"), 0.20, 0.03, rarity="city", needs=("city",)),
        Level(
            "one typo",
            f"{typos('post_code', 1)} OR {edits('city', 1)} AND {longer('city', 3)}",
            0.04,
            0.005,
        ),
        Level(
            "two typos in the city",
            f"{edits('city', 2)} AND {longer('city', 4)}",
            0.02,
            0.005,
            needs=("city",),
        ),
        Level("different", "ELSE", 0.15, 0.95),
    ),
)
