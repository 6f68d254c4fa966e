"""One model, two executions, one answer: the compiled model against Splink; and what never becomes code."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.domain.errors import ModelUnfit
from hub.domain.records import ConstituentKind, CustomAttribute, CustomComparison
from matching.compiled import compile_model
from matching.features import COLUMNS, Features
from matching.model import MICROBITS, Model, TrainedComparison, TrainedLevel, trained_level
from matching.parity import compare
from matching.splink_model import score, train
from matching.synthetic import synthetic_pairs
from tests.matching.models import EVERY_CUSTOM, prior_model
from tests.matching.registers import PERSON, engine, pair_table, people, register

ORGANIZATION = ConstituentKind.ORGANIZATION
TOWN = CustomAttribute("town", CustomComparison.TEXT)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = engine()
    yield opened
    opened.close()


def with_rarities(model: Model) -> Model:
    """The model knowing how rare many an invented value is."""
    table, _ = synthetic_pairs(model, 2_000, 9)
    rng = random.Random(4)
    return replace(
        model,
        rarities={
            column: {
                value: rng.randrange(20 * MICROBITS)
                for value in table[column].drop_null().unique().to_pylist()
                if rng.random() < 0.6
            }
            for column in model.rarity_columns
        },
    )


def many_pairs(model: Model) -> tuple[pa.Table, pa.Table]:
    """100,000 pairs and more: those aimed at every level, and each record with the few made up beside it."""
    table, pairs = synthetic_pairs(model, 20_000, 3)
    found = set(zip(pairs["left"].to_pylist(), pairs["right"].to_pylist(), strict=True))
    records = table.num_rows
    for apart in range(1, 6):
        found |= {(record, record + apart) for record in range(records - apart)}
    ordered = sorted({(min(pair), max(pair)) for pair in found})
    assert len(ordered) >= 100_000
    return table, pair_table(ordered)


def differences(
    model: Model, table: pa.Table, pairs: pa.Table, connection: duckdb.DuckDBPyConnection
) -> list[str]:
    """Where the two executions differ; a drawn model may well depend on the order, alike in both."""
    found = compare(model, table, pairs, connection)
    return [difference for difference in found if "change places" not in difference]


@pytest.mark.parametrize("kind", list(ConstituentKind))
def test_every_shipped_comparison_is_answered_and_weighed_as_splink_does(
    kind: ConstituentKind, connection: duckdb.DuckDBPyConnection
) -> None:
    model = with_rarities(prior_model(kind, EVERY_CUSTOM))
    assert compare(model, *many_pairs(model), connection) == []


def test_a_trained_model_is_answered_and_weighed_as_splink_does(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    seen = register(people(120))
    model = train(seen.table, PERSON, name="person", connection=connection, pairs_max=20_000)
    assert compare(model, *many_pairs(model), connection) == []
    assert compare(model, seen.table, seen.pairs(), connection) == []


def test_a_trained_model_of_organizations_too(connection: duckdb.DuckDBPyConnection) -> None:
    invented, _ = synthetic_pairs(prior_model(ORGANIZATION, (TOWN,)), 1_500, 5)
    model = train(
        invented, ORGANIZATION, (TOWN,), name="firms", connection=connection, pairs_max=20_000
    )
    assert compare(model, *many_pairs(model), connection) == []


def test_what_is_compared_agrees_with_the_batch_to_the_microbit(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """Said once without parity.py, which every other test trusts."""
    seen = register(people(30))
    model = replace(prior_model(PERSON), rarities={})
    model = replace(model, rarities={column: {} for column in model.rarity_columns})
    scorer = compile_model(model)
    scored = score(seen.table, model, seen.pairs(), connection=connection).to_pylist()
    prepared = [scorer.prepare(features) for features in seen.features]
    for row in scored:
        left, right = prepared[row["left"]], prepared[row["right"]]
        assert scorer.weigh(left, right) == row["weight_microbits"]
        assert scorer.vector_of(scorer.answers(left, right)) == row["vector"]
        assert model.prior_microbits + sum(scorer.contributions(right, left)) == row["weight_microbits"]  # fmt: skip


# --- any model the grammar allows ---------------------------------------------------------------

_NAMES = ("given", "family", "birth", "house", "custom_town")
columns = st.builds(lambda name, side: f"{name}_{side}", st.sampled_from(_NAMES), st.sampled_from("lr"))  # fmt: skip
cuts = st.builds("substr({}, {}, {})".format, columns, st.integers(1, 6), st.integers(1, 6))
texts = columns | cuts
twins = st.builds(
    lambda text: (text, text.replace("_l", "_r")), texts.filter(lambda t: "_l" in t)
) | st.tuples(texts, texts)
distances = st.builds(
    lambda name, two: f"{name}({two[0]}, {two[1]})",
    st.sampled_from(("levenshtein", "damerau_levenshtein")),
    twins,
)
lengths = st.builds("length({})".format, texts)
numbers = (
    lengths | distances | st.builds("abs({} - {})".format, lengths, lengths | distances)
    | st.builds("({} - {})".format, lengths, st.integers(0, 5))
)  # fmt: skip
strings = st.sampled_from(("'ann'", "'o''neil'", "'é'", "'given_l'", "''"))
tests = (
    st.builds(lambda two, op: f"{two[0]} {op} {two[1]}", twins, st.sampled_from(("=", "<>")))
    | st.builds("{} {} {}".format, texts, st.sampled_from(("=", "<>")), strings)
    | st.builds("{} {} {}".format, numbers, st.sampled_from(("=", "<>", "<", "<=", ">", ">=")), numbers | st.integers(0, 6))
    | st.builds("{} IS {}".format, columns, st.sampled_from(("NULL", "NOT NULL")))
)  # fmt: skip
conditions = st.recursive(
    tests,
    lambda inner: (
        st.builds("({} AND {})".format, inner, inner)
        | st.builds("({} OR {})".format, inner, inner)
        | st.builds("NOT ({})".format, inner)
        | st.builds("{} AND {} OR NOT {}".format, inner, inner, tests)
    ),
    max_leaves=6,
)
shares = st.floats(1e-3, 1.0, exclude_min=True)
levels = st.builds(
    lambda label, condition, m, u, rarity: trained_level(label, condition, (m, u), rarity=rarity),
    st.sampled_from(("alike", "it's \"alike\"")), conditions, shares, shares,
    st.none() | st.sampled_from(_NAMES),
)  # fmt: skip
drawn_comparisons = st.lists(
    st.builds(
        lambda null, some: TrainedComparison("drawn", null, (*some, trained_level("other", "ELSE", (1e-4, 1.0)))),
        tests, st.lists(levels, min_size=1, max_size=5),
    ),
    min_size=3, max_size=7,
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=drawn_comparisons, prior=st.integers(-30 * MICROBITS, 0), seed=st.integers(0, 99))
def test_any_model_of_the_grammar_is_answered_as_the_batch_does(
    drawn: list[TrainedComparison], prior: int, seed: int
) -> None:
    named = tuple(replace(c, name=f"drawn{place}") for place, c in enumerate(drawn))
    model = replace(prior_model(PERSON, (TOWN,)), comparisons=named, prior_microbits=prior)
    model = with_rarities(replace(model, rarities={name: {} for name in _NAMES}))
    table, pairs = synthetic_pairs(model, 1_500, seed)
    opened = engine()
    try:
        assert differences(model, table, pairs, opened) == []
    finally:
        opened.close()


# --- what never becomes code --------------------------------------------------------------------

SAME = trained_level("same", "given_l = given_r", (0.9, 0.01))
OTHER = trained_level("different", "ELSE", (0.1, 0.99))
GIVEN = TrainedComparison("given", "given_l IS NULL OR given_r IS NULL", (SAME, OTHER))
SMALL = replace(prior_model(PERSON), comparisons=(GIVEN,))


def asking(condition: str) -> Model:
    return replace(
        SMALL, comparisons=(replace(GIVEN, levels=(replace(SAME, condition=condition), OTHER)),)
    )


def person(values: Mapping[str, str], custom: Mapping[str, str] | None = None) -> Features:
    return Features(tuple(values.get(column) for column in COLUMNS[PERSON]), dict(custom or {}))


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param("jaccard(given_l, given_r) > 5", id="a function engines differ on"),
        pytest.param("__import__('os') = 'x'", id="a function of Python"),
        pytest.param("read_text('/etc/passwd') = given_l", id="a function of DuckDB"),
        pytest.param("shoe_size_l = shoe_size_r", id="a column that features lack"),
        pytest.param("record_l = record_r", id="the record's number"),
        pytest.param("given = given_l", id="a column of neither record"),
        pytest.param("x.given_l = given_r", id="a column of a table"),
        pytest.param('"given_l" = given_r', id="a quoted name"),
        pytest.param("given_l = given_r; DROP TABLE x", id="two statements"),
        pytest.param("given_l = given_r -- ", id="a comment to the end"),
        pytest.param("given_l = /* */ given_r", id="a comment within"),
        pytest.param("given_l = 'a\\'", id="an escape"),
        pytest.param("given_l = 'a\nb'", id="a line's end"),
        pytest.param("given_l = given_r)", id="a bracket too many"),
        pytest.param("given_l = e'a'", id="another string's form"),
        pytest.param("given_l", id="no truth"),
        pytest.param("ELSE", id="an ELSE before the last"),
        pytest.param("", id="nothing"),
        pytest.param("given_l < given_r", id="an order of texts"),
        pytest.param("given_l = 1", id="a text and a number"),
        pytest.param("length(given_l) = given_r", id="a number and a text"),
        pytest.param("length(given_l) = '1'", id="a number and a digit in quotes"),
        pytest.param("length(given_l) > 1.5", id="half a character"),
        pytest.param("length(given_l) > 1e3", id="an exponent"),
        pytest.param("length(given_l) > 99999999999", id="too large a number"),
        pytest.param("length(given_l) > -1", id="a negative number"),
        pytest.param("length(given_l) + 1 > 2", id="a sum"),
        pytest.param("abs(given_l) > 2", id="a text's size"),
        pytest.param("length('ann') = 3", id="a function of a constant"),
        pytest.param("substr(given_l, 0, 2) = 'a'", id="a cut from place 0"),
        pytest.param("substr(given_l, -2, 2) = 'a'", id="a cut from the end"),
        pytest.param("substr(given_l, 2) = 'a'", id="a cut without an end"),
        pytest.param("substr(given_l, 1, length(given_r)) = 'a'", id="a cut as long as the other"),
        pytest.param("levenshtein(given_l, given_r, 1, 2, 3) <= 1", id="prices of edits"),
        pytest.param("damerau_levenshtein(given_l) <= 1", id="half a distance"),
        pytest.param("(given_l = given_r) = (given_l = family_r)", id="truths compared"),
        pytest.param("(given_l = given_r) IS NULL", id="null of a truth"),
        pytest.param("given_l IN ('a', 'b')", id="a list"),
        pytest.param("given_l LIKE 'a'", id="a pattern"),
        pytest.param("given_l = (SELECT given_r)", id="a question within"),
        pytest.param("(" * 600 + "given_l = given_r" + ")" * 600, id="brackets without end"),
        pytest.param("NOT " * 450 + "given_l = given_r", id="denials without end"),
        pytest.param(" OR ".join(["given_l = given_r"] * 90), id="too deep"),
        pytest.param(" OR ".join(["given_l = given_r"] * 9000), id="too long"),
    ],
)
def test_a_condition_outside_the_grammar_is_refused(condition: str) -> None:
    with pytest.raises(ModelUnfit):
        compile_model(asking(condition))


ATTACK = "x'] or ().__class__ or ['"


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(replace(SMALL, custom=(CustomAttribute(ATTACK, CustomComparison.TEXT),)), id="a custom attribute's name"),
        pytest.param(replace(SMALL, comparisons=(replace(GIVEN, name=ATTACK),)), id="a comparison's name"),
        pytest.param(replace(SMALL, comparisons=(GIVEN, GIVEN)), id="two of one name"),
        pytest.param(
            replace(SMALL, comparisons=(replace(GIVEN, levels=(replace(SAME, rarity=ATTACK), OTHER)),), rarities={ATTACK: {}}),
            id="a rarity's column",
        ),
        pytest.param(replace(SMALL, comparisons=(replace(GIVEN, null_condition="ELSE"),)), id="null is everything"),
        pytest.param(replace(SMALL, comparisons=(replace(GIVEN, levels=(SAME,) * 99 + (OTHER,)),)), id="levels without end"),
        pytest.param(replace(SMALL, prior_microbits=1.5), id="a broken prior"),  # type: ignore[arg-type]
        pytest.param(replace(SMALL, prior_microbits="0 or 1"), id="a prior that is code"),  # type: ignore[arg-type]
        pytest.param(replace(SMALL, comparisons=(replace(GIVEN, levels=(replace(SAME, weight_microbits="0"), OTHER)),)), id="a weight that is code"),  # type: ignore[arg-type]
        pytest.param(
            replace(SMALL, comparisons=(replace(GIVEN, levels=(replace(SAME, rarity="given"), OTHER)),), rarities={"given": {"ann": -1}}),
            id="a share above one",
        ),
        pytest.param(replace(SMALL, comparisons=(replace(GIVEN, levels=(replace(SAME, m=float("nan")), OTHER)),)), id="m is no number"),
        pytest.param(replace(SMALL, comparisons=(replace(GIVEN, levels=(replace(SAME, u=float("inf")), OTHER)),)), id="u is infinite"),
        pytest.param(replace(SMALL, comparisons=(replace(GIVEN, levels=(replace(SAME, m=0.0), OTHER)),)), id="m was not learned"),
        pytest.param(
            replace(SMALL, comparisons=(replace(GIVEN, levels=tuple(replace(lv, m=0.5, u=0.5, weight_microbits=0) for lv in (SAME, OTHER))),)),
            id="every level weighs nothing",
        ),
        pytest.param(replace(SMALL, features_version=0), id="other features"),
        pytest.param(
            replace(SMALL, comparisons=tuple(
                replace(GIVEN, name=f"given{n}", levels=(*[replace(SAME, condition=" OR ".join([SAME.condition] * 40))] * 40, OTHER)) for n in range(9)
            )),
            id="conditions without end",
        ),
    ],
)  # fmt: skip
def test_a_model_that_is_unfit_never_becomes_code(model: Model) -> None:
    with pytest.raises(ModelUnfit):
        compile_model(model)


def test_the_deepest_condition_there_may_be_is_still_within_what_python_compiles() -> None:
    deep = "given_l = given_r"
    for _ in range(11):
        deep = f"(damerau_levenshtein(given_l, given_r) <= 1 AND NOT given_l = 'a' OR {deep})"
        deep = f"levenshtein(given_l, given_r) <= 1 AND {deep}"
    levels = (replace(SAME, condition=deep), replace(SAME, condition=f"NOT ({deep})"))
    twice = replace(GIVEN, levels=(*levels, *levels, OTHER))
    scorer = compile_model(replace(SMALL, comparisons=(twice,)))
    ann = scorer.prepare(person({"given": "ann"}))
    assert scorer.answers(ann, ann) == (5,)


def test_a_model_that_is_no_number_says_so() -> None:
    with pytest.raises(ModelUnfit, match="not a finite number"):
        compile_model(replace(SMALL, comparisons=(replace(GIVEN, levels=(replace(SAME, m=float("nan")), OTHER)),)))  # fmt: skip


@pytest.mark.parametrize("condition", ["given_l = 'okafor';", "given_l = 'okafor", "okafor(given_l) = 1"])  # fmt: skip
def test_a_refusal_quotes_nothing(condition: str) -> None:
    with pytest.raises(ModelUnfit) as refused:
        compile_model(asking(condition))
    assert "okafor" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_labels_stay_out_of_the_code_and_strings_stay_strings() -> None:
    labelled = replace(SAME, label=f"{ATTACK}\nraise SystemExit")
    model = replace(SMALL, comparisons=(replace(GIVEN, levels=(labelled, OTHER)),))
    assert "SystemExit" not in compile_model(model).source
    scorer = compile_model(asking("given_l = '+ ().__class__ +' AND given_r = '\"'' or 1 or ''\"'"))
    left, right = (scorer.prepare(person({"given": g})) for g in ("+ ().__class__ +", "\"' or 1 or '\""))  # fmt: skip
    assert scorer.answers(left, right) == (2,)
    assert scorer.answers(right, left) == (1,)


def test_what_is_there_and_what_is_not() -> None:
    scorer = compile_model(asking("NOT (given_l = family_r OR length(family_l) > 3)"))
    ann, bob = person({"given": "ann", "family": "lee"}), person({"given": "bob"})
    answers = scorer.answers(scorer.prepare(ann), scorer.prepare(bob))
    # Neither true nor false, for there is no family name to compare: so the level is not met.
    assert answers == (1,)
    assert scorer.answers(scorer.prepare(bob), scorer.prepare(person({}))) == (0,)


def test_features_of_another_kind_are_refused() -> None:
    scorer = compile_model(SMALL)
    with pytest.raises(ValueError, match="columns"):
        scorer.prepare(Features((None,) * len(COLUMNS[ORGANIZATION])))


def test_a_level_counts_the_more_frequent_value_s_rarity() -> None:
    moved = trained_level("nickname", "given_root_l = given_root_r", (0.9, 0.01), rarity="given")
    model = replace(
        SMALL,
        comparisons=(replace(GIVEN, levels=(moved, OTHER)),),
        rarities={"given": {"bob": 9_000_000, "robert": 5_000_000}},
    )
    scorer = compile_model(model)
    bob, robert, rob = (
        scorer.prepare(person({"given": name, "given_root": "robert"}))
        for name in ("bob", "robert", "rob")
    )
    base = moved.weight_microbits - moved.rarity_base_microbits
    assert scorer.contributions(bob, robert) == (base + 5_000_000,)
    assert scorer.contributions(rob, bob) == (base + 9_000_000,)
    assert scorer.contributions(rob, rob) == (moved.weight_microbits,)


def test_a_level_of_a_model_is_kept_in_order(connection: duckdb.DuckDBPyConnection) -> None:
    one, two = (replace(SAME, label=label) for label in ("first", "second"))
    model = replace(SMALL, comparisons=(replace(GIVEN, levels=(one, two, OTHER)),))
    scorer = compile_model(model)
    ann = scorer.prepare(person({"given": "ann"}))
    assert scorer.answers(ann, ann) == (3,)
    assert isinstance(one, TrainedLevel)
