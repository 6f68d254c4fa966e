"""What is asked of two records of organizations, and in which levels.

Decides the order of the answers and their priors; what they weigh is learned.
"""

from __future__ import annotations

from typing import Final

from matching.levels import Comparison, Held, Level, edits, longer, missing, same, start, typos
from matching.shared_comparisons import CLOSE_LINE, OTHER_ID, PLACE

_NAME: Final = Comparison(
    name="name",
    needs=("name",),
    null_condition=missing("name"),
    blind_in=frozenset({"name"}),
    levels=(
        Level("same", same("name"), 0.75, 2e-4, rarity="name", equal_on=("name",)),
        Level("same words", same("name_sorted"), 0.02, 1e-5),
        Level("a trading name", "name_l = trading_name_r OR trading_name_l = name_r", 0.04, 1e-4),
        Level("two typos", f"{edits('name', 2)} AND {longer('name', 6)}", 0.07, 5e-5),
        Level("same trading name", same("trading_name"), 0.02, 1e-4),
        Level("same beginning", f"{start('name', 8)} AND {longer('name', 7)}", 0.04, 5e-4),
        Level("same sound", same("name_sound"), 0.01, 0.004),
        Level("different", "ELSE", 0.05, 0.995),
    ),
)

_EIN: Final = Comparison(
    name="national_id",
    needs=("national_id",),
    null_condition=missing("national_id"),
    blind_in=frozenset({"national_id"}),
    levels=(
        Level(
            "same",
            same("national_id"),
            0.93,
            1e-6,
            rarity="national_id",
            equal_on=("national_id",),
        ),
        Level("one digit or two neighbours swapped", typos("national_id", 1), 0.03, 2e-6),
        Level("different", "ELSE", 0.04, 0.9999),
    ),
)

_LINE: Final = Comparison(
    name="address",
    needs=("line",),
    null_condition=missing("line"),
    levels=(
        Level("same", same("line"), 0.60, 3e-4, rarity="line", equal_on=("line",)),
        Level("close", CLOSE_LINE, 0.15, 5e-4),
        Level("different", "ELSE", 0.25, 0.9992),
    ),
)

_BUSINESS_PHONE: Final = Comparison(
    name="phone",
    needs=("phone",),
    null_condition=missing("phone"),
    blind_in=frozenset({"phone"}),
    levels=(
        # Two companies of one owner share premises and telephone.
        Level(
            "same, same address",
            f"{same('phone')} AND {same('line')}",
            0.40,
            0.10,
            needs=("line",),
            held=Held.ALWAYS,
        ),
        Level("same", same("phone"), 0.60, 1e-4, rarity="phone", equal_on=("phone",)),
        Level("one digit or two neighbours swapped", typos("phone", 1), 0.03, 1e-5),
        Level("different", "ELSE", 0.30, 0.9998),
    ),
)

_BUSINESS_EMAIL: Final = Comparison(
    name="email",
    needs=("email",),
    null_condition=missing("email"),
    blind_in=frozenset({"email"}),
    levels=(
        Level(
            "same, same address or telephone",
            f"{same('email')} AND ({same('line')} OR {same('phone')})",
            0.40,
            0.10,
            held=Held.ALWAYS,
        ),
        Level("same", same("email"), 0.55, 1e-4, rarity="email", equal_on=("email",)),
        Level("two typos", f"{edits('email', 2)} AND {longer('email', 7)}", 0.06, 2e-5),
        Level("same domain", same("email_domain"), 0.10, 0.01, rarity="email_domain"),
        Level("different", "ELSE", 0.25, 0.989),
    ),
)


ORGANIZATION: Final = (
    _NAME,
    _EIN,
    OTHER_ID,
    _LINE,
    _BUSINESS_PHONE,
    _BUSINESS_EMAIL,
    PLACE,
)
