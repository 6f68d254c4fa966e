"""`hub judge` and `hub review` as a steward meets them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.domain.records import ConstituentKind
from hub.journeys.link import link_kind
from hub.journeys.models import publish_model
from tests.conftest import Server
from tests.hub.cli.test_commands import Line, line_for
from tests.hub.cli.test_stewardship_reads import opened
from tests.matching.models import prior_model
from tests.worlds import BIRK, MARIA

#: Enough like Maria to ask, too little to link.
MARY = "D3,Mary,Okafor,1984-03-10,418 Heron Ln,Port Tamarack,69407,mo@example.org,,2027-05-01,2026-01-05"
SAYS = ("--by", "ines", "--reason", "seen her passport")
D1, D2, D3 = "drivers:D1", "drivers:D2", "drivers:D3"


@pytest.fixture(scope="module")
def template(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Three drivers, linked; of two it is asked whether they are one. A database and its root key."""
    name = server.create()
    made = line_for(tmp_path_factory.mktemp("stewardship"), server.urls(name))
    made("init").answered("hub ready")
    made("load", made.write_drivers(MARIA, BIRK, MARY)).answered("drivers")
    with opened(made) as hub:
        publish_model(hub, prior_model(ConstituentKind.PERSON))
        link_kind(hub, ConstituentKind.PERSON)
    return name, made.folder / "hub"


@pytest.fixture
def line(server: Server, template: tuple[str, Path], tmp_path: Path) -> Line:
    name, data = template
    shutil.copytree(data, tmp_path / "hub")
    return line_for(tmp_path, server.fresh(name))


def id_of(line: Line, key: str) -> str:
    return str(line("profile", "show", key, "--json").json["id"])


def number_of(line: Line) -> str:
    """The number of the latest judgement."""
    return str(line("judge", "list", "--json").json[0]["number"])


def test_constituents_are_merged_after_a_preview_and_given_back(line: Line) -> None:
    one, other = id_of(line, D1), id_of(line, D2)
    preview = line("judge", "same", D1, D2, *SAYS, "--preview")
    preview.answered("preview, nothing is changed", f"{other} into {one}", "1 of vehicles")
    assert id_of(line, D2) == other
    seen = line("judge", "look", one, other).out.strip()
    line("judge", "same", one, other, *SAYS, "--seen", seen).answered("judged same", "merged")
    number = number_of(line)
    assert id_of(line, D2) == one
    line("judge", "list").answered("same", D1, D2, "seen her passport", "yes")
    line("judge", "same", D1, D2, *SAYS).answered(f"already: judgement {number}", "nothing changes")
    withdraw = ("judge", "withdraw", number, "--by", "tomas")
    line(*withdraw, "--preview").answered("given back")
    line(*withdraw).answered("given back", f"{other} from {one}")
    assert id_of(line, D2) == other
    [kept] = line("judge", "list", D1, "--json").json
    assert (kept["verdict"], kept["withdrawn_by"]) == ("same", "tomas")


def test_a_constituent_is_split_and_set_apart(line: Line) -> None:
    line("judge", "same", D1, D3, *SAYS)
    done = line("judge", "object", D1, *SAYS, "--json").json
    assert done["effects"]["parted"][0]["new"] + len(done["effects"]["parted"][0]["given_back"])
    line("judge", "withdraw-objection", D1, "--by", "tomas").answered("objection withdrawn")
    assert id_of(line, D1) == id_of(line, D3)
    line("judge", "split", D1, D3, *SAYS).refused("withdraw it")
    line("judge", "withdraw", number_of(line), "--by", "ines")
    line("judge", "different", D1, D3, *SAYS).answered("judged different", "reviews closed")


def test_what_may_not_be_judged_is_told_without_anybodys_value(line: Line) -> None:
    line("judge", "same", D1, "drivers:D9", *SAYS).refused("no record under that key")
    line("judge", "same", D1, D1, *SAYS).refused("one record")
    line("judge", "same", D1, D2, "--by", " ", "--reason", "x").refused("must be said")
    line("judge", "same", D1, D2, *SAYS, "--seen", "old").refused("look again")
    line("judge", "withdraw", "7", "--by", "ines").refused("no such judgement")
    line("judge", "withdraw-objection", D1, "--by", "ines").refused("no objection")
    line("judge", "different", D1, D2, *SAYS)
    line("judge", "same", D1, D2, *SAYS).refused("says that these two are different")
    assert line("judge", "same", D1, D2, "--by", "ines").code == 2


def test_a_review_is_listed_shown_claimed_and_decided(line: Line) -> None:
    [asked] = line("review", "list", "--json").json
    number = str(asked["number"])
    assert (asked["reason"], asked["kind"]) == ("band", "person")
    line("review", "list", "--reason", "band").answered(D1, D3, "bits")
    assert line("review", "list", "--kind", "organization", "--json").json == []
    line("review", "claim", number, "--by", "ines").answered(f"claimed: review {number}")
    line("review", "list", "--mine", "ines").answered("ines")
    shown = line("review", "show", number)
    shown.answered(id_of(line, D1), D3, "too little to link", "different, same", "seen: ")
    seen = line("review", "show", number, "--json").json["seen"]

    decide = ("review", "decide", number, "same", "--reason", "seen her passport")
    line(*decide, "--by", "tomas").refused("claimed by ines")
    line("review", "release", number, "--by", "tomas").refused("claimed by ines")
    line("review", "release", number, "--by", "ines").answered("released")
    line(*decide, "--by", "tomas", "--preview").answered("nothing is changed", "merged")
    line(*decide, "--by", "tomas", "--seen", seen).answered("answered same", "merged")
    line("review", "show", number).answered("answered same by tomas")
    line(*decide, "--by", "ines").refused("answered same by tomas")
    assert line("review", "list", "--json").json == []


def test_a_review_that_cannot_be_is_told(line: Line) -> None:
    line("review", "show", "99").refused("no review 99")
    [asked] = line("review", "list", "--json").json
    decide = ("review", "decide", str(asked["number"]))
    line(*decide, "dismissed", *SAYS).refused("cannot be answered dismissed")
    assert line(*decide, "perhaps", *SAYS).code == 2
