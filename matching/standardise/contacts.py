"""Telephone numbers and e-mail addresses to comparable ones.

The libraries decide (phonenumbers, email-validator); the fast paths here take only text on which
they are proven to answer alike (tests/matching/standardise/test_fast_paths.py).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from matching.standardise import text
from matching.standardise.placeholders import PLACEHOLDERS, PlaceholderField

_PHONES: Final = PLACEHOLDERS[PlaceholderField.PHONE]
_EMAILS: Final = PLACEHOLDERS[PlaceholderField.EMAIL]
_LOCAL_PARTS: Final = PLACEHOLDERS[PlaceholderField.EMAIL_LOCAL_PART]
_DOMAINS: Final = PLACEHOLDERS[PlaceholderField.EMAIL_DOMAIN]

_NANP: Final = re.compile(
    r"(?:\+?1[-. ]?)?(?:\(([2-9][0-9]{2})\) ?|([2-9][0-9]{2})[-. ]?)([0-9]{3})[-. ]?([0-9]{4})"
)
# Longer text is a remark, and the library would search it for a number.
_PHONE_LENGTH_MAX: Final = 40

_PLAIN_EMAIL: Final = re.compile(r"[a-z0-9_+.\-]+@[a-z0-9.\-]+")
_EMAIL_LENGTH_MAX: Final = 254
_DISPLAY_NAME: Final = re.compile(r"[^<>]*<([^<>]*)>[\s,;]*")


def phone(number: str | None, region: str = "US") -> str | None:
    """A number as E.164 ("+12065550123"), its extension dropped; None for placeholders.

    A number without its area code, possible only locally, stays as bare digits ("5550123"): it
    agrees with its like and never with a whole number. `region` is where bare numbers are dialled.
    """
    if not number:
        return None
    number = number.strip()
    if region == "US" and (plain := _NANP.fullmatch(number)):
        national = (plain[1] or plain[2]) + plain[3] + plain[4]
        return None if national in _PHONES else "+1" + national
    return parsed_phone(number, region)


@lru_cache(maxsize=16_384)
def parsed_phone(number: str, region: str) -> str | None:
    """phone() by the library alone."""
    if len(number) > _PHONE_LENGTH_MAX:
        return None
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    national = phonenumbers.national_significant_number(parsed)
    if national in _PHONES:
        return None
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE:
        found = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        # A trunk zero that the library kept is taken off when its own answer is read again.
        return found if found == number or national[0] != "0" else parsed_phone(found, region)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return national
    return None


def email(address: str | None) -> str | None:
    """An address in lower case, `Name <a@b>` without the name; None for placeholders.

    An address that the library refuses but that is written like one ("ann@smith", "x@y..com")
    stays as it is: mistyped, it is still evidence, and edit distance sees how much.
    """
    if not address:
        return None
    folded = address.strip().lower()
    if not _PLAIN_EMAIL.fullmatch(folded) or "xn--" in folded:
        return parsed_email(address)
    return _known_email(folded)


@lru_cache(maxsize=16_384)
def parsed_email(address: str) -> str | None:
    """email() by the library alone."""
    address = address.strip()
    if named := _DISPLAY_NAME.fullmatch(address):
        address = named[1].strip()
    try:
        valid = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return _known_email((text.fold(address) or "").replace(" ", ""))
    local = (text.fold(valid.local_part) or "").replace(" ", "")
    return _known_email(f"{local}@{valid.ascii_domain or ''}".lower())


def email_local_part(email_address: str) -> str:
    """What stands before the @ of a value of email()."""
    return email_address.rpartition("@")[0]


def email_domain(email_address: str) -> str:
    """What stands after the @ of a value of email()."""
    return email_address.rpartition("@")[2]


def _known_email(folded: str) -> str | None:
    local, at, domain = folded.rpartition("@")
    if not (local and at and domain) or "@" in local or len(folded) > _EMAIL_LENGTH_MAX:
        return None
    if folded in _EMAILS or local in _LOCAL_PARTS or domain in _DOMAINS:
        return None
    return folded
