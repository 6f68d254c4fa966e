from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.leaf import Leaf
from connectors.transforms import compile_transforms
from connectors.values import Broken, as_date, as_moment, as_text

NINE = datetime.fromisoformat("1980-01-31T09:00")
CODES = {"lookup": {"A": "active", "X": "expired", "?": None}}
WORDS = {"boolean": {"true": ["Y", "J"], "false": ["N"]}}


def run(value: object, *steps: object) -> object:
    """The value after the steps; a null ends them, as in a mapping."""
    leaf = Leaf.model_validate({"column": "c", "transforms": list(steps)})
    for transform in compile_transforms(leaf):
        if value is None:
            break
        value = transform(value)
    return value


@pytest.mark.parametrize(
    ("value", "step", "expected"),
    [
        pytest.param("  Ann ", "trim", "Ann", id="trim"),
        pytest.param("Ann", "upper", "ANN", id="upper"),
        pytest.param("ANN", "lower", "ann", id="lower"),
        pytest.param("ANN LEE", "title", "Ann Lee", id="title"),
        pytest.param("(217) 555-01", "digits", "21755501", id="digits"),
        pytest.param("none", "digits", None, id="no digits at all"),
        pytest.param(62701.0, "digits", "62701", id="digits of a float column"),
        pytest.param("01/31/1980", {"date": "%m/%d/%Y"}, date(1980, 1, 31), id="date"),
        pytest.param("1980-01-31", {"date": ["%m/%d/%Y", "%Y-%m-%d"]}, date(1980, 1, 31), id="second format"),
        pytest.param(19800131, {"date": "%Y%m%d"}, date(1980, 1, 31), id="date in a column of integers"),
        pytest.param(NINE, {"date": "%Y-%m-%d"}, date(1980, 1, 31), id="typed column"),
        pytest.param("80-13-77", {"date": "%Y-%m-%d", "otherwise": None}, None, id="lenient date"),
        pytest.param("31.01.1980 09:05", {"datetime": "%d.%m.%Y %H:%M"}, datetime.fromisoformat("1980-01-31T09:05"), id="datetime"),
        pytest.param("A", CODES, "active", id="lookup"),
        pytest.param("?", CODES, None, id="lookup of a code for null"),
        pytest.param("Q", {**CODES, "otherwise": "pending"}, "pending", id="lookup with otherwise"),
        pytest.param("rec-12-dup-0", {"extract": r"rec-(\d+)"}, "12", id="extract"),
        pytest.param("nothing", {"extract": r"(\d+)"}, None, id="extract without a match"),
        pytest.param("O''Brien", {"replace": {"pattern": "'+", "with": "'"}}, "O'Brien", id="replace"),
        pytest.param("Okafor, Maria", {"split": {"on": ",", "index": 1}}, "Maria", id="split"),
        pytest.param("Okafor, Maria", {"split": {"on": ",", "index": -1}}, "Maria", id="split from the end"),
        pytest.param("Okafor", {"split": {"on": ",", "index": 1}}, None, id="no such part"),
        pytest.param("17", {"prefix": "DL-"}, "DL-17", id="prefix"),
        pytest.param("N/A", {"null_if": ["N/A", "-"]}, None, id="null_if"),
        pytest.param(0, {"null_if": 0}, None, id="null_if of a number"),
        pytest.param("J", WORDS, True, id="boolean"),
        pytest.param("N", WORDS, False, id="boolean, the other word"),
        pytest.param("?", {**WORDS, "otherwise": None}, None, id="lenient boolean"),
    ],
)  # fmt: skip
def test_a_transform(value: object, step: object, expected: object) -> None:
    assert run(value, step) == expected


@pytest.mark.parametrize(
    ("value", "step", "rule"),
    [
        ("13/45/1980", {"date": "%m/%d/%Y"}, "date_unreadable"),
        ("1980-01-31 tail", {"date": "%Y-%m-%d"}, "date_unreadable"),
        ("noon", {"datetime": "%Y-%m-%d %H:%M"}, "date_unreadable"),
        ("Q", CODES, "lookup_missing"),
        ("?", WORDS, "boolean_unreadable"),
        ({"a": 1}, "trim", "wrong_type"),
        (b"bytes", "upper", "wrong_type"),
    ],
)
def test_a_transform_says_which_rule_a_value_breaks(value: object, step: object, rule: str) -> None:
    with pytest.raises(Broken) as caught:
        run(value, step)
    assert caught.value.rule == rule


def test_transforms_run_in_order_and_stop_at_null() -> None:
    assert run("x: 01/31/1980", {"split": {"on": ":", "index": 1}}, {"date": "%m/%d/%Y"}) == date(
        1980, 1, 31
    )
    assert run("N/A", {"null_if": ["N/A"]}, {"date": "%m/%d/%Y"}) is None


@given(st.dates())
def test_a_date_reads_back_in_every_iso_form(day: date) -> None:
    assert as_date(day.isoformat()) == day
    assert as_date(f"{day:%Y%m%d}".rjust(8, "0")) == day
    assert as_date(f"{day.isoformat()}T09:30:00") == day


@pytest.mark.parametrize("text", ["2024-W05", "2024-W05-1", "1980-02-30", "soon", "8", "0", "-1"])
def test_what_is_no_calendar_date_is_no_date(text: str) -> None:
    with pytest.raises(Broken):
        as_date(text)


def test_a_moment_keeps_its_time_of_day_and_a_date_gets_none() -> None:
    assert as_moment("2024-01-31") == date(2024, 1, 31)
    assert as_moment("2024-01-31T09:30:00") == datetime.fromisoformat("2024-01-31T09:30")


@pytest.mark.parametrize(
    ("value", "text"),
    [(12, "12"), (12.0, "12"), (12.5, "12.5"), (Decimal("1.50"), "1.50"), (float("nan"), None)],
)
def test_numbers_become_the_text_a_person_would_write(value: object, text: str | None) -> None:
    assert as_text(value) == text
