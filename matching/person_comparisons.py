"""What is asked of two records of persons, and in which levels.

Decides the order of the answers and their priors; what they weigh is learned.
"""

from __future__ import annotations

from typing import Final

from matching.household_comparison import SWAPPED, household
from matching.levels import Comparison, Held, Level, edits, longer, missing, same, start, typos
from matching.shared_comparisons import OTHER_ID, PLACE

# Two first names that no nickname, sound, initial or single typo reconciles: most pairs of a household.
# A missing first name makes this null, not true, so that nothing is held against the other evidence.
_OTHER_GIVEN: Final = (
    "given_root_l <> given_root_r AND given_sound_l <> given_sound_r"
    f" AND NOT {start('given', 1)} AND NOT {typos('given', 1)}"
)

_GIVEN: Final = Comparison(
    name="given",
    needs=("given",),
    null_condition=missing("given"),
    blind_in=frozenset({"name", "phone", "email"}),
    levels=(
        Level("same", same("given"), 0.80, 0.006, rarity="given", equal_on=("given",)),
        Level("swapped with family name", SWAPPED, 0.005, 1e-5, needs=("family",)),
        Level("nickname of one name", same("given_root"), 0.03, 0.003, rarity="given_root"),
        Level(
            "initial only",
            f"(length(given_l) = 1 OR length(given_r) = 1) AND {start('given', 1)}",
            0.02,
            0.004,
        ),
        Level("one typo", f"{typos('given', 1)} AND {longer('given', 2)}", 0.05, 0.0015),
        Level("same sound", same("given_sound"), 0.01, 0.003),
        Level(
            "the other's middle name",
            "given_l = middle_r OR middle_l = given_r",
            0.01,
            0.004,
            needs=("middle",),
        ),
        Level("two typos", f"{typos('given', 2)} AND {longer('given', 4)}", 0.02, 0.006),
        Level("same initial", start("given", 1), 0.02, 0.08),
        Level("different", "ELSE", 0.03, 0.90),
    ),
)

_MIDDLE: Final = Comparison(
    name="middle",
    needs=("middle",),
    null_condition=missing("middle"),
    levels=(
        Level("same", f"{same('middle')} AND {longer('middle', 1)}", 0.50, 0.01, rarity="middle"),
        Level("same initial", start("middle", 1), 0.44, 0.08),
        Level("one typo", f"{typos('middle', 1)} AND {longer('middle', 3)}", 0.01, 0.0005),
        Level("different", "ELSE", 0.05, 0.90),
    ),
)

_SUFFIX: Final = Comparison(
    name="suffix",
    needs=("suffix",),
    null_condition=missing("suffix"),
    levels=(
        Level("same", same("suffix"), 0.99, 0.40),
        # Father and son of one name: nothing else may tell them apart.
        Level("different", "ELSE", 0.005, 0.60, held=Held.ALWAYS),
    ),
)

_SEX: Final = Comparison(
    name="sex",
    needs=("sex",),
    null_condition=missing("sex"),
    levels=(
        Level("same", same("sex"), 0.98, 0.50),
        Level("different", "ELSE", 0.02, 0.50),
    ),
)

_BIRTH: Final = Comparison(
    name="birth",
    needs=("birth",),
    null_condition=missing("birth"),
    blind_in=frozenset({"birth"}),
    levels=(
        # Twins, and whoever else of a family was filed under one date.
        Level(
            "same, other first name in one family",
            f"{same('birth')} AND ({same('family')} OR {same('line')}) AND {_OTHER_GIVEN}",
            0.03,
            0.0005,
            needs=("given", "family"),
            held=Held.UNTIL_PROVEN,
        ),
        Level("same", same("birth"), 0.88, 5e-5, rarity="birth", equal_on=("birth",)),
        Level(
            "day and month swapped",
            f"{start('birth', 4)} AND substr(birth_l, 6, 2) = substr(birth_r, 9, 2)"
            " AND substr(birth_l, 9, 2) = substr(birth_r, 6, 2)",
            0.01,
            3e-5,
        ),
        Level("one digit or two neighbours swapped", typos("birth", 1), 0.05, 8e-4),
        Level("same year and month", start("birth", 7), 0.008, 9e-4),
        Level("same month and day", "substr(birth_l, 6, 5) = substr(birth_r, 6, 5)", 0.008, 2.6e-3),
        Level("two digits", typos("birth", 2), 0.008, 0.01),
        Level("same year", start("birth", 4), 0.006, 0.01),
        Level("different", "ELSE", 0.012, 0.975),
    ),
)

_NATIONAL_ID: Final = Comparison(
    name="national_id",
    needs=("national_id",),
    null_condition=missing("national_id"),
    blind_in=frozenset({"national_id"}),
    levels=(
        # A number lent to, or taken from, somebody of the family.
        Level(
            "same, other first name",
            f"{same('national_id')} AND {_OTHER_GIVEN}",
            0.03,
            0.0005,
            needs=("given",),
            held=Held.UNTIL_PROVEN,
        ),
        Level(
            "same",
            same("national_id"),
            0.90,
            2e-7,
            rarity="national_id",
            equal_on=("national_id",),
        ),
        # Twins are given their numbers one after the other.
        Level(
            "one digit off, other first name",
            f"{typos('national_id', 1)} AND {_OTHER_GIVEN}",
            0.001,
            0.0005,
            needs=("given",),
            held=Held.UNTIL_PROVEN,
        ),
        Level("one digit or two neighbours swapped", typos("national_id", 1), 0.04, 2e-6),
        Level("same last four", same("id_last4"), 0.01, 1e-4),
        Level("two digits", typos("national_id", 2), 0.01, 1e-4),
        Level("different", "ELSE", 0.04, 0.9998),
    ),
)

_PHONE: Final = Comparison(
    name="phone",
    needs=("phone",),
    null_condition=missing("phone"),
    blind_in=frozenset({"phone"}),
    levels=(
        # A couple's telephone says "one household" once more, not "one person".
        Level(
            "same, other first name",
            f"{same('phone')} AND {_OTHER_GIVEN}",
            0.05,
            0.01,
            needs=("given",),
            held=Held.UNTIL_PROVEN,
        ),
        Level(
            "same, same address",
            f"{same('phone')} AND {same('line')}",
            0.30,
            0.10,
            needs=("line",),
            held=Held.ALWAYS,
        ),
        Level("same", same("phone"), 0.60, 1e-5, rarity="phone", equal_on=("phone",)),
        Level("one digit or two neighbours swapped", typos("phone", 1), 0.03, 1e-5),
        Level("different", "ELSE", 0.30, 0.9999),
    ),
)

_EMAIL: Final = Comparison(
    name="email",
    needs=("email",),
    null_condition=missing("email"),
    blind_in=frozenset({"email"}),
    levels=(
        # A family that shares its telephone shares its e-mail too: that says nothing of one person.
        Level(
            "same, same telephone, other first name",
            f"{same('email')} AND {same('phone')} AND {_OTHER_GIVEN}",
            0.02,
            0.05,
            needs=("given", "phone"),
            held=Held.ALWAYS,
        ),
        Level(
            "same, other first name",
            f"{same('email')} AND {_OTHER_GIVEN}",
            0.05,
            0.01,
            needs=("given",),
            held=Held.UNTIL_PROVEN,
        ),
        Level(
            "same, same address or telephone",
            f"{same('email')} AND ({same('line')} OR {same('phone')})",
            0.30,
            0.10,
            held=Held.ALWAYS,
        ),
        Level("same", same("email"), 0.60, 1e-5, rarity="email", equal_on=("email",)),
        Level("two typos", f"{edits('email', 2)} AND {longer('email', 7)}", 0.06, 2e-5),
        Level(
            "same before the @",
            f"{same('email_local')} AND {longer('email_local', 2)}",
            0.05,
            5e-5,
            rarity="email_local",
        ),
        Level("different", "ELSE", 0.25, 0.9998),
    ),
)


PERSON: Final = (
    _GIVEN,
    _MIDDLE,
    household(),
    _SUFFIX,
    _SEX,
    _BIRTH,
    _NATIONAL_ID,
    OTHER_ID,
    _PHONE,
    _EMAIL,
    PLACE,
)
