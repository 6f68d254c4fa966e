"""Sole traders and small companies, and which of the people own them.

Decides truth only: names, forms, premises, owners. Registrations and licences with their terms are
the business registry's (agencies/business_registry.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from demo.dice import Dice
from demo.naming import read_rows, read_words
from demo.numbering import Numbering
from demo.person import Person
from demo.places import Address, Places

OWNER_SHARE = 0.07
"""Adults who own a business, or a part of one."""

SOLE_TRADER = "SP"
COMPANY_FORMS = {"LLC": "LLC", "CORP": "Inc", "LP": "LP"}
"""Form codes of companies, and what the form puts behind the name."""


@dataclass(frozen=True, slots=True)
class Business:
    """A business in truth. `owners` are places in the population; `ein` is bare digits or empty.

    A sole trader's legal name is the person's own, and the business is known by its trading name.
    """

    number: int
    form: str
    legal_name: str
    trading_name: str
    licence_type: str
    ein: str
    phone: str
    email: str
    address: Address
    owners: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Trade:
    licence_type: str
    words: tuple[str, ...]


def found_businesses(
    dice: Dice,
    people: list[Person],
    places: Places,
    numbering: Numbering,
    today: date,
    *,
    first: int,
) -> list[Business]:
    """The businesses of the population, numbered from `first`; the story's person owns none here."""
    founder = _Founder(dice, places, numbering)
    adults = [p for p in people[1:] if _may_trade(p, today)]
    businesses: list[Business] = []
    for owner in adults:
        if not dice.chance(OWNER_SHARE):
            continue
        number = first + len(businesses)
        if dice.chance(0.58):
            businesses.append(founder.sole_trader(number, owner))
        else:
            following = people[min(owner.number + 1, len(people) - 1)]
            is_kin = following.household == owner.household and _may_trade(following, today)
            owners = _owners(dice, owner, following if is_kin else None, adults)
            businesses.append(founder.company(number, owner, owners))
    return businesses


def _may_trade(person: Person, today: date) -> bool:
    return 20 <= person.age_on(today) <= 80


def _owners(dice: Dice, owner: Person, kin: Person | None, adults: list[Person]) -> tuple[int, ...]:
    """The owner and up to two others: somebody of the household, or anybody."""
    chosen = [owner.number]
    for _ in range(2):
        if not dice.chance(0.25):
            break
        partner = kin if kin is not None and dice.chance(0.6) else dice.pick(adults)
        if partner.number not in chosen:
            chosen.append(partner.number)
    return tuple(chosen)


class _Founder:
    """Draws one business at a time."""

    def __init__(self, dice: Dice, places: Places, numbering: Numbering) -> None:
        self._dice = dice
        self._places = places
        self._numbering = numbering
        self._brands = read_words("brands.txt")
        self._trades = [
            _Trade(row["licence_type"], tuple(row["words"].split("|")))
            for row in read_rows("trades.csv")
        ]

    def sole_trader(self, number: int, owner: Person) -> Business:
        """One person in business under a trading name, mostly from home."""
        dice = self._dice
        trade = dice.pick(self._trades)
        from_home = dice.chance(0.8)
        own_phone = dice.chance(0.3) or not owner.phone
        trading_name = f"{self._front(owner)} {dice.pick(trade.words)}"
        return Business(
            number=number,
            form=SOLE_TRADER,
            legal_name=f"{owner.given} {owner.family}",
            trading_name=trading_name,
            licence_type=trade.licence_type,
            ein=self._numbering.ein() if dice.chance(0.5) else "",
            phone=self._numbering.phone() if own_phone else owner.phone,
            email=owner.email or self._numbering.business_email(trading_name),
            address=owner.home if from_home else self._places.address(dice, is_flat=False),
            owners=(owner.number,),
        )

    def company(self, number: int, owner: Person, owners: tuple[int, ...]) -> Business:
        """A company with premises, a tax number and a telephone of its own."""
        dice = self._dice
        trade = dice.pick(self._trades)
        form = dice.pick(("LLC", "LLC", "LLC", "CORP", "CORP", "LP"))
        name = f"{self._front(owner)} {dice.pick(trade.words)}"
        return Business(
            number=number,
            form=form,
            legal_name=f"{name} {COMPANY_FORMS[form]}",
            trading_name=self._trading_name(trade) if dice.chance(0.3) else "",
            licence_type=trade.licence_type,
            ein=self._numbering.ein() if dice.chance(0.97) else "",
            phone=self._numbering.phone(),
            email=self._numbering.business_email(name),
            address=self._places.address(dice, is_flat=dice.chance(0.15)),
            owners=owners,
        )

    def _front(self, owner: Person) -> str:
        dice = self._dice
        choice = dice.random()
        if choice < 0.4:
            return owner.family
        if choice < 0.5:
            return f"{owner.usual_name or owner.given}'s"
        if choice < 0.6:
            return f"{owner.family} & {dice.pick(('Sons', 'Co', 'Daughters', 'Family'))}"
        if choice < 0.75:
            return f"{dice.pick(self._brands)} {owner.family}"
        return f"{dice.pick(self._brands)} {dice.pick(self._brands)}"

    def _trading_name(self, trade: _Trade) -> str:
        return f"{self._dice.pick(self._brands)} {self._dice.pick(trade.words)}"
