from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import CELL_CHARS_MAX, RULES, SourceSchema
from connectors.mapping import Mapper, check_columns
from hub.domain.errors import SourceUnreadable
from hub.domain.records import (
    Address,
    CaseReference,
    ConstituentKind,
    ContactKind,
    ContactPoint,
    Holding,
    HoldingStatus,
    Identifier,
    Name,
    NameUse,
    Record,
    RecordKey,
    Rejected,
    Relationship,
    RelationshipKind,
    Role,
    Sex,
)
from tests.connectors.documents import BUSINESSES, source

WHOLE = {
    "roles": ["licensee", {"column": "emp", "transforms": [{"lookup": {"Y": "employee", "N": None}}]}],
    "given_name": "first",
    "family_name": {"column": "last", "transforms": ["trim", "title"]},
    "birth_name": {"family_name": "maiden"},
    "alternative_names": [{"full_name": "aka"}],
    "birth_date": {"column": "dob", "transforms": [{"date": "%m/%d/%Y"}]},
    "sex": "sex",
    "addresses": [{"delivery_line": {"columns": ["no", "street"]}, "city": "city", "country": {"constant": "US"}}],
    "contact_points": [
        {"kind": "phone", "value": "tel", "use": {"constant": "home"}},
        {"kind": "email", "value": "email"},
    ],
    "identifiers": [{"scheme": "ssn", "value": "ssn", "is_verified": {"constant": True}}],
    "holdings": [{
        "type": {"constant": "driving_licence"}, "number": "lic",
        "status": {"column": "st", "transforms": [{"lookup": {"A": "active", "X": "expired"}}]},
        "valid_until": "expires",
    }],
    "relationships": [{"kind": "owner", "source": "business_registry", "other": "biz"}],
    "cases": [{"type": {"constant": "appeal"}, "number": "case_no", "opened_on": "opened"}],
    "custom": {"birthplace": {"column": "born_in", "compare": "text"}},
}  # fmt: skip
COLUMNS = (
    "id", "emp", "first", "last", "maiden", "aka", "dob", "sex", "no", "street", "city", "tel", "email",
    "ssn", "lic", "st", "expires", "biz", "case_no", "opened", "born_in", "touched",
)  # fmt: skip
ROW = (
    "17", "Y", "Maria", "OKAFOR", "Silva", "Mia", "01/31/1980", "F", 12, "Main St", "Springfield",
    "217-555-0101", "m@x.org", "123-45-6789", "D1", "A", date(2026, 5, 1), "B-9", "C1", "20240105",
    "Lagos", "2024-02-03T10:00:00",
)  # fmt: skip


@pytest.fixture
def whole(tmp_path: Path) -> Mapper:
    return Mapper(source(tmp_path, key="id", as_of="touched", map=WHOLE), COLUMNS)


def changed(**changes: object) -> tuple[object, ...]:
    return tuple(changes.get(name, value) for name, value in zip(COLUMNS, ROW, strict=True))


def test_a_row_becomes_a_record_in_the_hubs_words(whole: Mapper) -> None:
    assert whole.record(ROW, 1, "drivers.csv") == Record(
        key=RecordKey("vehicles", "17"),
        kind=ConstituentKind.PERSON,
        as_of=datetime.fromisoformat("2024-02-03T10:00:00"),
        roles=(Role.LICENSEE, Role.EMPLOYEE),
        names=(
            Name(NameUse.LEGAL, given_name="Maria", family_name="Okafor"),
            Name(NameUse.BIRTH, family_name="Silva"),
            Name(NameUse.ALTERNATIVE, full_name="Mia"),
        ),
        birth_date=date(1980, 1, 31),
        sex=Sex.FEMALE,
        addresses=(Address(delivery_line="12 Main St", city="Springfield", country="US"),),
        contact_points=(
            ContactPoint(ContactKind.PHONE, "217-555-0101", use="home"),
            ContactPoint(ContactKind.EMAIL, "m@x.org"),
        ),
        identifiers=(Identifier("ssn", "123-45-6789", is_verified=True),),
        holdings=(
            Holding("driving_licence", "D1", HoldingStatus.ACTIVE, valid_until=date(2026, 5, 1)),
        ),
        relationships=(
            Relationship(RelationshipKind.OWNER, RecordKey("business_registry", "B-9")),
        ),
        cases=(CaseReference("appeal", "C1", opened_on=date(2024, 1, 5)),),
        custom={"birthplace": "Lagos"},
    )


def test_an_item_without_its_value_is_dropped_and_the_rest_kept(whole: Mapper) -> None:
    absent = (
        "maiden",
        "aka",
        "no",
        "street",
        "city",
        "tel",
        "ssn",
        "lic",
        "biz",
        "case_no",
        "born_in",
    )
    record = whole.record(changed(**dict.fromkeys(absent)), 1, None)
    assert isinstance(record, Record)
    assert [name.use for name in record.names] == [NameUse.LEGAL]
    assert [point.kind for point in record.contact_points] == [ContactKind.EMAIL]
    assert (record.addresses, record.identifiers, record.holdings) == ((), (), ())
    assert (record.relationships, record.cases, record.custom) == ((), (), {})


def test_an_organization_has_a_legal_name_and_trading_names(tmp_path: Path) -> None:
    mapping = {"legal_name": "name", "trading_names": ["dba", "dba2"], "legal_form": "form"}
    mapper = Mapper(
        source(tmp_path, BUSINESSES, map=mapping), ("reg_no", "name", "dba", "dba2", "form")
    )
    record = mapper.record(("1", "Okafor LLC", None, "Lakeside Camping", "llc"), 1, None)
    assert isinstance(record, Record)
    assert record.names == (
        Name(NameUse.LEGAL, "Okafor LLC"),
        Name(NameUse.TRADING, "Lakeside Camping"),
    )
    assert (record.kind, record.legal_form) == (ConstituentKind.ORGANIZATION, "llc")


def test_a_holding_without_a_number_needs_something_of_the_rows_own(tmp_path: Path) -> None:
    holding = {"type": {"constant": "pass"}, "valid_until": "expires"}
    mapper = Mapper(
        source(tmp_path, map={"full_name": "name", "holdings": [holding]}),
        ("driver_no", "name", "expires"),
    )
    with_term = mapper.record(("1", "A", "2026-01-01"), 1, None)
    without = mapper.record(("2", "B", None), 2, None)
    assert isinstance(with_term, Record)
    assert isinstance(without, Record)
    assert (len(with_term.holdings), len(without.holdings)) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        pytest.param({"id": None}, "id", "key_missing", id="no key"),
        pytest.param({"id": b"17"}, "id", "wrong_type", id="key of bytes"),
        pytest.param({"first": "Ma\0ria"}, "first", "nul_byte", id="NUL byte"),
        pytest.param({"aka": "x" * 1_000_000}, "aka", "cell_too_large", id="1 MB cell"),
        pytest.param({"first": {"given": "Maria"}}, "first", "wrong_type", id="an object where text belongs"),
        pytest.param({"dob": "1980-31-01"}, "dob", "date_unreadable", id="unreadable date"),
        pytest.param({"expires": "never"}, "expires", "date_unreadable", id="date without a transform"),
        pytest.param({"expires": True}, "expires", "wrong_type", id="a truth value for a date"),
        pytest.param({"st": "Q"}, "st", "lookup_missing", id="code without an entry"),
        pytest.param({"sex": "7"}, "sex", "code_unknown", id="unknown sex"),
        pytest.param({"street": ["Main"]}, "no+street", "wrong_type", id="a list among joined columns"),
        pytest.param({"touched": "yesterday"}, "touched", "date_unreadable", id="unreadable as_of"),
    ],
)  # fmt: skip
def test_a_broken_row_is_rejected_by_column_and_rule(
    whole: Mapper, changes: dict[str, object], field: str, rule: str
) -> None:
    rejected = whole.record(changed(**changes), 9, "drivers.csv")
    assert rejected == Rejected(9, field, rule, "drivers.csv")
    assert rule in RULES


def test_a_cell_at_the_limit_is_kept(whole: Mapper) -> None:
    assert isinstance(whole.record(changed(aka="x" * CELL_CHARS_MAX), 1, None), Record)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("integer", ["7", "-7", 7, 7.0], ["7.5", "x", True, 7.5]),
        ("number", ["7", "7.5", "1e3", 7.5], ["x", "7,5", True, "nan"]),
        ("boolean", [True, "yes", "0"], ["perhaps", 7]),
        ("date", ["2024-01-31", date(2024, 1, 31)], ["31.01.2024", "soon", 7]),
        ("datetime", ["2024-01-31T10:00:00", datetime.fromisoformat("2024-01-31")], ["soon", []]),
        ("text", ["x", 7, date(2024, 1, 31)], [[], {}, b"x"]),
    ],
)
def test_a_column_is_held_to_the_type_it_promises(
    tmp_path: Path, kind: str, good: list[object], bad: list[object]
) -> None:
    contract = {"columns": {"x": {"type": kind}}}
    mapper = Mapper(
        source(tmp_path, contract=contract), ("driver_no", "first_name", "last_name", "x")
    )
    for value in [*good, None]:
        assert isinstance(mapper.record(("1", "A", "B", value), 1, None), Record), value
    for value in bad:
        rejected = mapper.record(("1", "A", "B", value), 1, None)
        assert rejected == Rejected(1, "x", "wrong_type"), value


def test_a_required_column_may_not_be_empty(tmp_path: Path) -> None:
    contract = {"columns": {"first_name": {"required": True}}}
    mapper = Mapper(source(tmp_path, contract=contract), ("driver_no", "first_name", "last_name"))
    assert mapper.record(("1", None, "B"), 3, None) == Rejected(3, "first_name", "required_missing")


@pytest.mark.parametrize(
    "column",
    [
        pytest.param({"type": "date"}, id="read as its transform reads it"),
        pytest.param({"type": "date", "format": "%m/%d/%Y"}, id="read as the contract says"),
    ],
)
def test_a_promised_date_is_read_in_the_sources_own_way(
    tmp_path: Path, column: dict[str, object]
) -> None:
    mapping = {
        "full_name": "name",
        "birth_date": {"column": "dob", "transforms": [{"date": "%m/%d/%Y"}]},
    }
    mapper = Mapper(
        source(tmp_path, map=mapping, contract={"columns": {"dob": column}}),
        ("driver_no", "name", "dob"),
    )
    assert isinstance(mapper.record(("1", "A", "01/31/1980"), 1, None), Record)
    assert mapper.record(("1", "A", "1980-01-31"), 1, None) == Rejected(1, "dob", "wrong_type")


def test_the_key_is_found_without_mapping_the_row(whole: Mapper) -> None:
    assert whole.key(changed(first="\0", dob="never")) == "17"
    assert whole.key(changed(id=17.0)) == "17"
    assert whole.key(changed(id=None)) is None


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), min_size=2, max_size=2))
def test_two_keys_of_several_columns_never_read_as_one(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    keyed = source(tmp_path_factory.mktemp("key"), key=["a", "b"])
    mapper = Mapper(keyed, ("a", "b", "first_name", "last_name"))
    trimmed = [tuple(text.strip() for text in pair) for pair in pairs]
    if all(text for pair in trimmed for text in pair):
        first, second = [mapper.key((*pair, None, None)) for pair in trimmed]
        assert (first == second) == (trimmed[0] == trimmed[1])


def test_a_missing_column_is_told_before_any_row_is_read(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r"missing_column \(last_name\)"):
        check_columns(source(tmp_path), SourceSchema(("driver_no", "first_name")))
    with pytest.raises(SourceUnreadable, match=r"missing_column \(driver_no\)"):
        Mapper(source(tmp_path), ("first_name", "last_name"))


def test_rows_that_may_leave_columns_out_are_held_to_key_and_required_columns(
    tmp_path: Path,
) -> None:
    contract = {"columns": {"first_name": {"required": True}}}
    loaded = source(tmp_path, contract=contract)
    check_columns(loaded, SourceSchema(("driver_no", "first_name"), is_complete=False))
    with pytest.raises(SourceUnreadable, match="first_name"):
        check_columns(loaded, SourceSchema(("driver_no", "last_name"), is_complete=False))


def test_an_unknown_column_is_refused_only_where_the_contract_says_so(tmp_path: Path) -> None:
    schema = SourceSchema(("driver_no", "first_name", "last_name", "blood_type"))
    check_columns(source(tmp_path), schema)
    strict = source(tmp_path, contract={"unknown_columns": "refuse"})
    with pytest.raises(SourceUnreadable, match=r"unknown_column \(blood_type\)"):
        check_columns(strict, schema)
