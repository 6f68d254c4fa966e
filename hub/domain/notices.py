"""What an agency must be told: of a constituent whose data it was given, or of an agreement it was given it under.

Decides the words, and how long a recipient may take. Who is told what is the journeys' to find out.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final


class NoticeKind(StrEnum):
    """Why an agency is told, and so what it must do with what it was given.

    CONSENT_ENDED: she refused, withdrew, or her consent was revoked or found invalid; delete it.
    OBJECTED: she objected (GDPR Art. 21), and it rested on a basis open to that; delete it. RESTRICTED: keep
    it, and use it no further (Art. 18, 19). ERASED: she was erased as a right; delete it (Art. 17, 19).
    AGREEMENT_ENDED: of no constituent: nothing more is released under it; what was, the agency keeps as long as
    the agreement and its law let it.
    """

    CONSENT_ENDED = "consent_ended"
    OBJECTED = "objected"
    RESTRICTED = "restricted"
    ERASED = "erased"
    AGREEMENT_ENDED = "agreement_ended"


DELETE_WITHIN: Final = timedelta(days=30)
"""From the day it is told: GDPR Art. 12(3) gives a month to act on what she asks."""
