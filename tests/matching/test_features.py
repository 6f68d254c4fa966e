"""A record becomes one comparable value per column, or none."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.records import (
    Address,
    ConstituentKind,
    ContactKind,
    ContactPoint,
    CustomAttribute,
    CustomComparison,
    Identifier,
    Name,
    NameUse,
    Record,
    RecordKey,
    Sex,
)
from matching.features import COLUMNS, Features, derive, to_table

PERSON, ORGANIZATION = ConstituentKind.PERSON, ConstituentKind.ORGANIZATION
KEY = RecordKey("vehicles", "1")


def columns(record: Record) -> dict[str, str | None]:
    return dict(zip(COLUMNS[record.kind], derive(record).values, strict=True))


def person(**fields: object) -> dict[str, str | None]:
    return columns(Record(key=KEY, kind=PERSON, **fields))  # type: ignore[arg-type]


def test_a_person_fills_the_columns_of_what_the_record_has() -> None:
    found = person(
        names=(
            Name(given_name="Bill", middle_name="J.", family_name="O'Brien", name_suffix="Jr."),
        ),
        birth_date=date(1980, 3, 12),
        sex=Sex.MALE,
        addresses=(
            Address(delivery_line="12 North Main Street", city="Seattle", post_code="98101-1234"),
        ),
        contact_points=(
            ContactPoint(ContactKind.EMAIL, "Bill.OBrien@Example.org"),
            ContactPoint(ContactKind.PHONE, "(206) 555-0123"),
        ),
        identifiers=(Identifier("ssn", "531-42-6789"), Identifier("driving_licence", "WDL 77")),
    )
    assert found["given"] == "bill"
    assert found["given_root"] == "william"
    assert found["middle"] == "j"
    assert found["family"] == "obrien"
    assert found["suffix"] == "jr"
    assert found["sex"] == "m"
    assert found["birth"] == "1980-03-12"
    assert found["national_id"] == "531426789"
    assert found["id_last4"] == "6789"
    assert (found["other_scheme"], found["other_id"]) == ("driving_licence", "wdl77")
    assert found["email_local"] == "bill.obrien"
    assert found["phone"] == "+12065550123"
    assert found["line"] == "12 n main st"
    assert found["house"] == "12"
    assert found["city"] == "seattle"


def test_a_record_of_nothing_has_nothing_to_compare() -> None:
    assert set(person().values()) == {None}


def test_placeholders_are_not_compared() -> None:
    found = person(
        names=(Name(given_name="Baby Boy", family_name="UNKNOWN"),),
        birth_date=date(1900, 1, 1),
        identifiers=(Identifier("ssn", "999-99-9999"),),
    )
    assert set(found.values()) == {None}


def test_the_legal_name_stands_for_the_record_and_a_birth_name_beside_it() -> None:
    found = person(
        names=(
            Name(use=NameUse.BIRTH, family_name="Okafor"),
            Name(given_name="Maria", family_name="Lindqvist"),
        )
    )
    assert (found["given"], found["family"], found["family_other"]) == (
        "maria",
        "lindqvist",
        "okafor",
    )


def test_two_given_names_in_one_field_give_the_middle_name() -> None:
    found = person(names=(Name(given_name="Mary Ann", family_name="Lee"),))
    assert (found["given"], found["middle"]) == ("mary", "ann")


def test_gender_stands_in_where_sex_is_not_recorded() -> None:
    assert person(gender="Female")["sex"] == "f"
    assert person(gender="Unknown")["sex"] is None


def test_an_organization_is_compared_without_its_legal_form() -> None:
    found = columns(
        Record(
            key=KEY,
            kind=ORGANIZATION,
            names=(
                Name(full_name="Harbor Boats, LLC"),
                Name(use=NameUse.TRADING, full_name="Puget Kayaks"),
            ),
            identifiers=(Identifier("ein", "91-1144442"),),
            contact_points=(ContactPoint(ContactKind.EMAIL, "info@harborboats.com"),),
        )
    )
    assert found["name"] == "harbor boats"
    assert found["name_sorted"] == "boats harbor"
    assert found["trading_name"] == "puget kayaks"
    assert found["national_id"] == "911144442"
    assert found["email_domain"] == "harborboats.com"


def test_custom_attributes_are_standardised_as_they_declare() -> None:
    record = Record(
        key=KEY,
        kind=PERSON,
        custom={
            "born_in": " São  Paulo ",
            "since": "3 May 1999",
            "height": "1,80.50",
            "unasked": "x",
        },
    )
    found = derive(
        record,
        {
            "born_in": CustomComparison.TEXT,
            "since": CustomComparison.DATE,
            "height": CustomComparison.NUMBER,
            "absent": CustomComparison.EXACT,
        },
    )
    assert found.custom == {"born_in": "sao paulo", "since": "1999-05-03", "height": "180.5"}


def test_numbers_written_differently_are_one_value() -> None:
    asked = {"size": CustomComparison.NUMBER}
    written = ("7.5", "007.50", "+7.5", "7.500", "-7.5", "seven")
    found = [
        derive(Record(key=KEY, kind=PERSON, custom={"size": text}), asked).custom.get("size")
        for text in written
    ]
    assert found == ["7.5", "7.5", "7.5", "7.5", "-7.5", None]


# Letters with accents, signs and blanks: what the standardisers must fold away.
text = st.text(st.sampled_from("aZé ß,.-'/#@019Ωж\t"), max_size=12)


@settings(max_examples=60)
@given(
    given_name=text,
    family_name=text,
    full_name=text,
    line=text,
    city=text,
    phone=text,
    email=text,
    number=text,
    gender=text,
    custom=text,
)
def test_values_are_ascii_lower_case_and_never_empty(
    given_name: str,
    family_name: str,
    full_name: str,
    line: str,
    city: str,
    phone: str,
    email: str,
    number: str,
    gender: str,
    custom: str,
) -> None:
    for kind in ConstituentKind:
        record = Record(
            key=KEY,
            kind=kind,
            names=(
                Name(given_name=given_name, family_name=family_name, full_name=full_name),
                Name(use=NameUse.ALTERNATIVE, full_name=family_name, family_name=full_name),
            ),
            gender=gender,
            addresses=(Address(delivery_line=line, city=city, post_code=number),),
            contact_points=(
                ContactPoint(ContactKind.PHONE, phone),
                ContactPoint(ContactKind.EMAIL, email),
            ),
            identifiers=(Identifier("ssn", number), Identifier("permit", number)),
            custom={"a": custom},
        )
        for comparison in CustomComparison:
            features = derive(record, {"a": comparison})
            for value in (*features.values, *features.custom.values()):
                assert value is None or (value and value.isascii() and value == value.lower())


def test_the_table_has_the_record_first_and_a_column_for_each_attribute() -> None:
    custom = (CustomAttribute("born_in", CustomComparison.TEXT),)
    blank = (None,) * len(COLUMNS[PERSON])
    table = to_table(
        [7, 9], [Features(blank, {"born_in": "oslo"}), Features(blank)], PERSON, custom
    )
    assert table.column_names == ["record", *COLUMNS[PERSON], "custom_born_in"]
    assert table["record"].to_pylist() == [7, 9]
    assert table["custom_born_in"].to_pylist() == ["oslo", None]
    assert table.schema.field("given").type == pa.string()
