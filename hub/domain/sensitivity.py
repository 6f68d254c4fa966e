"""Which sealed class each value of a record rests in.

A look-up opens only the classes it may release, so this table decides what a release can reach. What
may be released is consent's to decide.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class SensitivityClass(StrEnum):
    """A record's sealed blobs. MATCH holds the comparable values; only the matcher opens it."""

    CORE = "core"
    CONTACT = "contact"
    SENSITIVE = "sensitive"
    MATCH = "match"


#: Fields of hub.domain.records.Record by class; what is named in neither of these rests in CORE.
CONTACT_FIELDS: Final = frozenset({"addresses", "contact_points"})
SENSITIVE_FIELDS: Final = frozenset({"sex", "gender"})

#: Numbers that open doors elsewhere: identity theft begins with them (NIST SP 800-122 §2.2).
SENSITIVE_SCHEMES: Final = frozenset({"ssn", "itin", "passport", "bank_account", "medical_record"})

#: What a sensitive source's records must not even be seen to have.
SENSITIVE_SOURCE_FIELDS: Final = frozenset({"holdings", "cases"})
