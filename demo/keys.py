"""The local ids the agencies give, as pure functions of the number of a person or a business.

Decides nothing by chance, so that the story's record keys are the same in every world. Numbers are
scrambled: neighbours in a household must not have neighbouring ids, and order must tell nothing.
"""

from __future__ import annotations

RECORDS_MAX = 8
"""Most records one source may hold on one constituent; each has ids of its own set aside."""

_STRIDE = 7_368_787
"""Prime, so that multiplying by it permutes any power of ten."""


def _scrambled(number: int, digits: int, start: int) -> str:
    space = 10**digits
    return f"{(number * _STRIDE + start) % space:0{digits}d}"


def licence_number(person: int) -> str:
    """Vehicles: a driving licence number, one per person."""
    return "T" + _scrambled(person, 8, 44_719_026)


def fleet_account(business: int, place: int) -> str:
    """Vehicles: the account of a fleet owner, who may have opened several."""
    return "FL" + _scrambled(business * RECORDS_MAX + place, 8, 20_418_833)


def customer_id(person: int, place: int) -> str:
    """Wildlife: a customer number; a new counter is easily a new customer."""
    return "WC-" + _scrambled(person * RECORDS_MAX + place, 9, 310_552_917)


def enrolment_number(person: int, place: int) -> str:
    """Benefits: one enrolment of one person in one programme."""
    return "B" + _scrambled(person * RECORDS_MAX + place, 9, 587_120_463)


def booking_account(person: int, place: int) -> str:
    """Parks: the account a booking was made under."""
    return "P" + _scrambled(person * RECORDS_MAX + place, 9, 730_266_141)


def registration_number(business: int) -> str:
    """Business registry: a business's registration."""
    return "BR" + _scrambled(business, 8, 61_205_377)
