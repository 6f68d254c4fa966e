"""The person the demo tells of, present in every world whatever its seed and size.

Maria Okafor books a campsite; her fishing licence ran out three weeks ago, and the licence of her
one-woman canoe repair shop runs out in twenty days. Five records hold her, in four agencies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from demo import keys
from demo.businesses import SOLE_TRADER, Business
from demo.person import Person
from demo.places import Address
from hub.domain.records import RecordKey


@dataclass(frozen=True, slots=True)
class StoryPerson:
    """Where to find the story's person: her place in the world and the keys of all her records.

    person_records and business_records: every record the agencies hold on her and on her business.
    """

    person: int
    business: int
    vehicles: RecordKey
    wildlife: RecordKey
    parks: RecordKey
    business_owner: RecordKey
    business_registration: RecordKey

    @property
    def person_records(self) -> tuple[RecordKey, ...]:
        """Her records as a person."""
        return (self.vehicles, self.wildlife, self.parks, self.business_owner)

    @property
    def business_records(self) -> tuple[RecordKey, ...]:
        """The records of her business."""
        return (self.business_registration,)


MARIA = StoryPerson(
    person=0,
    business=0,
    vehicles=RecordKey("vehicles", keys.licence_number(0)),
    wildlife=RecordKey("wildlife", keys.customer_id(0, 0)),
    parks=RecordKey("parks", keys.booking_account(0, 0)),
    business_owner=RecordKey("business_owners", f"{keys.registration_number(0)}/1"),
    business_registration=RecordKey("business_registry", keys.registration_number(0)),
)

_HOME = Address("418", "", "Heron", "Ln", "", "", "Port Tamarack", "69407")


def fishing_licence_expiry(today: date) -> date:
    """The last day of her fishing licence: three weeks before `today`."""
    return today - timedelta(weeks=3)


def business_licence_expiry(today: date) -> date:
    """The last day of her business licence: twenty days after `today`."""
    return today + timedelta(days=20)


def maria(today: date) -> Person:
    """Her, about 41. Her numbers lie outside the ranges everybody else's are drawn from."""
    return Person(
        number=MARIA.person,
        household=0,
        sex="F",
        given="Maria",
        middle="Adaeze",
        family="Okafor",
        birth_date=date(today.year - 41, 1, 17),
        ssn="772041187",
        home=_HOME,
        phone="2379910142",
        email="maria.okafor@heronlane.example",
    )


def maria_business() -> Business:
    """Okafor Canoe Repair, run from her home under her own name."""
    return Business(
        number=MARIA.business,
        form=SOLE_TRADER,
        legal_name="Maria Okafor",
        trading_name="Okafor Canoe Repair",
        licence_type="RECREATION",
        ein="960417731",
        phone="2379910142",
        email="maria.okafor@heronlane.example",
        address=_HOME,
        owners=(MARIA.person,),
    )
