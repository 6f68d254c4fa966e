"""A model is learned without labels and weighs pairs exactly, whatever their order."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest
from splink import Linker
from splink.backends.duckdb import DuckDBAPI

from hub.domain.errors import TooFewToTrain
from hub.domain.records import ConstituentKind, CustomAttribute, CustomComparison
from matching.features import COLUMNS, Features, to_table
from matching.model import MICROBITS, Model, from_json
from matching.publish import check
from matching.splink_model import score, train
from tests.matching.registers import PERSON, Register, engine, pair_table, people, register


@pytest.fixture(scope="module")
def seen() -> Register:
    return register(people(250))


@pytest.fixture(scope="module")
def model(seen: Register) -> Model:
    return train(seen.table, PERSON, name="person-test", connection=engine(), pairs_max=60_000)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = engine()
    yield opened
    opened.close()


def weights(scored: pa.Table) -> dict[tuple[int, int], int]:
    columns = (scored[name].to_pylist() for name in ("left", "right", "weight_microbits"))
    return {(left, right): weight for left, right, weight in zip(*columns, strict=True)}


def levels(model: Model, comparison: str) -> dict[str, int]:
    (found,) = (c for c in model.comparisons if c.name == comparison)
    return {level.label: level.weight_microbits for level in found.levels}


def test_a_learned_model_passes_the_gates(model: Model) -> None:
    check(model)
    assert model.card["levels_on_priors"]
    assert model.card["training_pairs"].keys() >= {"birth", "name", "phone"}


def test_true_pairs_weigh_more_than_the_link_threshold_and_others_less(
    seen: Register, model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    found = weights(score(seen.table, model, seen.pairs(), connection=connection))
    linked = {pair for pair, weight in found.items() if weight >= model.link_min_microbits}
    right = {pair for pair in linked if seen.whose[pair[0]] == seen.whose[pair[1]]}
    assert len(right) / len(linked) >= 0.995
    assert len(right) >= 0.95 * 250 * 3


def test_household_members_are_not_one_person(
    model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    home = {
        "line": "12 n main st",
        "house": "12",
        "street": "n main st",
        "family": "okafor",
        "family_sound": "o216",
        "phone": "+12065550123",
        "email": "okafor@example.org",
        "email_local": "okafor",
        "post_code": "98101",
        "city": "seattle",
    }
    ann = {"given": "ann", "given_root": "ann", "given_sound": "a500", "sex": "f"}
    bob = {"given": "robert", "given_root": "robert", "given_sound": "r163", "sex": "m"}
    records = [
        home | ann | {"birth": "1980-03-12", "national_id": "531426789"},
        home | bob | {"birth": "1978-11-30", "national_id": "531426789"},  # her husband, her number
        home | bob | {"birth": "1980-03-12", "national_id": "622117788"},  # her twin
        home | ann | {"birth": "1980-03-12", "national_id": "531426789"},  # herself
    ]
    features = [
        Features(tuple(record.get(column) for column in COLUMNS[PERSON])) for record in records
    ]
    table = to_table(range(len(features)), features, PERSON)
    found = weights(
        score(table, model, pair_table([(0, 1), (0, 2), (0, 3)]), connection=connection)
    )
    assert found[0, 1] < model.review_min_microbits
    assert found[0, 2] < model.link_min_microbits
    assert found[0, 3] > model.link_min_microbits + 20 * MICROBITS


def test_a_weight_is_the_same_in_any_order_of_rows_and_pairs(
    seen: Register, model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    pairs = seen.pairs().slice(0, 500)
    once = score(seen.table, model, pairs, connection=connection)
    order = list(range(len(seen.table)))
    random.Random(5).shuffle(order)
    backwards = pairs.take(list(range(len(pairs)))[::-1])
    again = score(seen.table.take(order), model, backwards, connection=connection)
    assert again.equals(once)
    assert once.schema == pa.schema(
        [(name, pa.int64()) for name in ("left", "right", "weight_microbits", "vector")]
    )


def test_a_model_read_back_weighs_the_same(
    seen: Register, model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    kept = from_json(model.to_json(), model.rarities_to_json())
    pairs = seen.pairs().slice(0, 300)
    assert score(seen.table, kept, pairs, connection=connection).equals(
        score(seen.table, model, pairs, connection=connection)
    )


def test_exactly_the_given_pairs_are_weighed(
    seen: Register, model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    asked = [(0, 7), (3, 400), (5, 6)]
    assert (
        list(weights(score(seen.table, model, pair_table(asked), connection=connection))) == asked
    )
    assert len(score(seen.table, model, pair_table([]), connection=connection)) == 0


def test_weights_are_those_of_splink_s_own_prediction(
    seen: Register, model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    """Splink, given the same m, u and frequencies of values, comes to the same sum of bits."""
    pairs = seen.pairs().slice(0, 400)
    ours = weights(score(seen.table, model, pairs, connection=connection))
    connection.register("rows", seen.table)
    connection.execute("CREATE TABLE own AS SELECT * FROM rows")
    connection.register("pairs", pairs)
    connection.execute(
        'CREATE TABLE asked AS SELECT \'0\' AS match_key, "left" AS join_key_l, "right" AS join_key_r FROM pairs'
    )
    api = DuckDBAPI(connection=connection)
    linker = Linker(
        api.register("own", dataset_display_name="own_rows"), splink_settings(model), log_level=None
    )
    for column in model.rarity_columns:
        shares = pa.table(
            {
                column: pa.array(model.rarities[column].keys(), pa.string()),
                f"tf_{column}": [
                    2.0 ** (-bits / MICROBITS) for bits in model.rarities[column].values()
                ],
            }
        )
        linker.table_management.register_term_frequency_lookup(
            api.register(shares, dataset_display_name=f"shares_{column}"), column
        )
    linker.table_management.register_blocked_pairs_for_predict(
        api.register("asked", dataset_display_name="asked_pairs")
    )
    predicted = linker.inference.predict(warning_mode="never").as_record_list()
    theirs = {
        (min(p["record_l"], p["record_r"]), max(p["record_l"], p["record_r"])): p["match_weight"]
        for p in predicted
    }
    assert theirs.keys() == ours.keys()
    for pair, bits in theirs.items():
        assert ours[pair] / MICROBITS == pytest.approx(bits, abs=1e-4)


def splink_settings(model: Model) -> dict[str, object]:
    comparisons = []
    for comparison in model.comparisons:
        described: list[dict[str, object]] = [
            {
                "sql_condition": comparison.null_condition,
                "label_for_charts": "null",
                "is_null_level": True,
            }
        ]
        for level in comparison.levels:
            one: dict[str, object] = {
                "sql_condition": level.condition,
                "label_for_charts": level.label,
                "m_probability": level.m,
                "u_probability": level.u,
            }
            if level.rarity:
                one |= {
                    "tf_adjustment_column": level.rarity,
                    "tf_adjustment_weight": 1.0,
                    "disable_tf_exact_match_detection": True,
                }
            described.append(one)
        comparisons.append({"output_column_name": comparison.name, "comparison_levels": described})
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record",
        "comparisons": comparisons,
        "blocking_rules_to_generate_predictions": [],
        "probability_two_random_records_match": 1
        / (1 + 2.0 ** (-model.prior_microbits / MICROBITS)),
        "retain_intermediate_calculation_columns": True,
    }


def test_a_common_surname_weighs_less_than_a_rare_one(
    seen: Register, model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    rare = min(model.rarities["family"], key=lambda name: -model.rarities["family"][name])
    common = min(model.rarities["family"], key=lambda name: model.rarities["family"][name])
    records = [{"family": name} for name in (rare, rare, common, common)]
    features = [
        Features(tuple(record.get(column) for column in COLUMNS[PERSON])) for record in records
    ]
    table = to_table(range(4), features, PERSON)
    found = weights(score(table, model, pair_table([(0, 1), (2, 3)]), connection=connection))
    apart = model.rarities["family"][rare] - model.rarities["family"][common]
    assert found[0, 1] - found[2, 3] == apart > 0


def test_a_missing_value_weighs_nothing(
    model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    blank = Features((None,) * len(COLUMNS[PERSON]))
    table = to_table([1, 2], [blank, blank], PERSON)
    scored = score(table, model, pair_table([(1, 2)]), connection=connection)
    assert scored["weight_microbits"].to_pylist() == [model.prior_microbits]
    assert scored["vector"].to_pylist() == [0]


def test_the_prior_is_near_the_true_share_of_matches(seen: Register, model: Model) -> None:
    records = len(seen.whose)
    share = 250 * 3 / (records * (records - 1) / 2)
    assert abs(model.prior_microbits / MICROBITS - math.log2(share / (1 - share))) < 0.5


def test_training_twice_gives_the_same_model_but_for_rounding(seen: Register, model: Model) -> None:
    """Splink's sums over threads may differ in their last digits; a level's weight does not."""
    order = list(range(len(seen.table)))[::-1]
    again = train(
        seen.table.take(order), PERSON, name="person-test", connection=engine(), pairs_max=60_000
    )
    assert again.rarities == model.rarities
    for one, other in zip(again.comparisons, model.comparisons, strict=True):
        for level, twin in zip(one.levels, other.levels, strict=True):
            assert abs(level.weight_microbits - twin.weight_microbits) < 1000


def test_levels_held_until_proven_stay_low_where_families_share(model: Model) -> None:
    phone = levels(model, "phone")
    assert phone["same, other first name"] < phone["same"]
    assert phone["same, same address"] < phone["same"]


def test_a_handful_of_records_rests_on_priors_and_says_so() -> None:
    few = register(people(6))
    small = train(few.table, PERSON, name="small", connection=engine())
    check(small)
    assert "given: same" in small.card["levels_on_priors"]
    assert small.card["training_pairs"] == {}


def test_nothing_to_compare_is_refused() -> None:
    table = to_table([1], [Features((None,) * len(COLUMNS[PERSON]))], PERSON)
    with pytest.raises(TooFewToTrain):
        train(table, PERSON, name="none", connection=engine())


def test_a_custom_attribute_takes_part(connection: duckdb.DuckDBPyConnection) -> None:
    asked = CustomAttribute("born_in", CustomComparison.TEXT)
    towns = ["oslo", "bergen", "tromso", "alta"]
    base = register(people(80))
    features = [
        replace(features, custom={"born_in": towns[whose % 4]})
        for features, whose in zip(base.features, base.whose, strict=True)
    ]
    table = to_table(range(len(features)), features, PERSON, [asked])
    model = train(table, PERSON, [asked], name="custom", connection=connection, pairs_max=20_000)
    assert (
        levels(model, "custom_born_in")["same"] > 0 > levels(model, "custom_born_in")["different"]
    )
    check(model)


def test_organizations_have_a_model_of_their_own(connection: duckdb.DuckDBPyConnection) -> None:
    kind = ConstituentKind.ORGANIZATION
    rng = random.Random(3)
    records = []
    for number in range(120):
        firm = {
            "name": f"{rng.choice(['harbor', 'puget', 'cascade', 'rainier'])} {rng.choice(['boats', 'kayaks', 'coffee', 'books'])} {number}",
            "line": f"{number} pine st",
            "house": str(number),
            "street": "pine st",
            "city": "seattle",
            "post_code": "98101",
            "phone": f"+1206555{number:04d}",
        }
        firm["name_sorted"] = " ".join(sorted(firm["name"].split()))
        records += [firm, {k: v for k, v in firm.items() if rng.random() > 0.1 or k == "name"}]
    features = [
        Features(tuple(record.get(column) for column in COLUMNS[kind])) for record in records
    ]
    table = to_table(range(len(features)), features, kind)
    model = train(table, kind, name="organization-test", connection=connection, pairs_max=20_000)
    check(model)
    found = weights(score(table, model, pair_table([(0, 1), (0, 2)]), connection=connection))
    assert found[0, 1] > model.link_min_microbits > found[0, 2]


def test_nothing_is_left_in_the_engine_nor_said(
    seen: Register,
    model: Model,
    connection: duckdb.DuckDBPyConnection,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.INFO):
        score(seen.table, model, seen.pairs().slice(0, 10), connection=connection)
        train(seen.table, PERSON, name="again", connection=connection, pairs_max=2_000)
    left = connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall()
    views = connection.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchall()
    assert (left, views) == ([(0,)], [(0,)])
    assert caplog.text == ""
    assert capsys.readouterr() == ("", "")
