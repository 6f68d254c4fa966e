"""Why credentials are refused: one word each, the same to every caller.

Decides the words. Which HTTP status and which OAuth error a flaw becomes is the edge's to say; a flaw names a
rule and never quotes what was presented.
"""

from __future__ import annotations

from enum import StrEnum, unique

from hub.domain.errors import HubError


@unique
class Flaw(StrEnum):
    """The rule that credentials break."""

    MISSING = "missing"
    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    EARLY = "early"
    LASTING = "lasting"
    REPLAYED = "replayed"
    UNSETTLED = "unsettled"
    KEY = "key"
    METHOD = "method"
    ADDRESS = "address"
    BINDING = "binding"
    CLIENT = "client"
    GRANT = "grant"
    SCOPE = "scope"
    PURPOSE = "purpose"
    ASSURANCE = "assurance"

    @property
    def sentence(self) -> str:
        """What is wrong, for whoever has to mend it."""
        return _SENTENCES[self]


_SENTENCES = {
    Flaw.MISSING: "it is not there",
    Flaw.MALFORMED: "it is not of the right form",
    Flaw.ALGORITHM: "its algorithm is not one of ES256, PS256 and Ed25519",
    Flaw.SIGNATURE: "its signature does not hold",
    Flaw.ISSUER: "it is of an issuer that is not trusted here",
    Flaw.AUDIENCE: "it is meant for somebody else",
    Flaw.EXPIRED: "it has expired",
    Flaw.EARLY: "it is of a time to come: check the clock",
    Flaw.LASTING: "it holds longer than a credential of its kind may",
    Flaw.REPLAYED: "it was used before: each holds once",
    Flaw.UNSETTLED: "the hub restarted a moment ago and cannot tell whether it was used before: make a new one",
    Flaw.KEY: "it is of another key",
    Flaw.METHOD: "it was made for another method",
    Flaw.ADDRESS: "it was made for another address",
    Flaw.BINDING: "it was made for another token",
    Flaw.CLIENT: "the client is unknown, or no longer admitted",
    Flaw.GRANT: "the client may not be given that",
    Flaw.SCOPE: "the token's scope does not reach so far",
    Flaw.PURPOSE: "the token is bound to other purposes",
    Flaw.ASSURANCE: "the constituent did not sign in surely enough",
}


class CredentialsRefused(HubError):
    """A token, proof or assertion is refused. what: which of them; flaw: the rule it breaks."""

    def __init__(self, what: str, flaw: Flaw) -> None:
        self.what = what
        self.flaw = flaw
        super().__init__(f"{what}: {flaw.sentence}")
