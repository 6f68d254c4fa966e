"""What the documents tell a reader to type exists: commands, options, make's targets, YAML examples."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from connectors.evaluation import load_evaluation
from connectors.source import load_source
from hub.cli.app import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
MAKEFILE = ROOT / "Makefile"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
TREE = get_command(app)


def shown(document: Path) -> Iterator[str]:
    """What stands as code in a document: each line of its blocks, each piece inside a sentence."""
    text = document.read_text("utf-8")
    for _, block in FENCE.findall(text):
        yield from block.splitlines()
    yield from INLINE.findall(FENCE.sub("", text))


def command_lines(program: str) -> list[tuple[str, list[str]]]:
    """(document, words after the program) of each command line shown; comments and brackets are left out."""
    found = []
    for document in DOCUMENTS:
        for line in shown(document):
            words = re.sub(r"[\[\]\\]", "", line.split(" #")[0]).split()
            if words[:1] == [program]:
                found.append((document.name, words[1:]))
    return found


def problem_of(words: list[str]) -> str | None:
    """What of a `hub` command line the real command does not know."""
    command, rest = TREE, list(words)
    while subcommands := getattr(command, "commands", None):
        if rest[:1] == ["--help"]:
            return None
        if not rest or rest[0] not in subcommands:
            return f"no command {' '.join(words)}"
        command = subcommands[rest.pop(0)]
    known = {"--help", *(option for parameter in command.params for option in parameter.opts)}
    unknown = [word for word in rest if word.startswith("-") and word.split("=")[0] not in known]
    return f"{command.name} has no {unknown[0]}" if unknown else None


def commands(command: object = TREE, path: str = "hub") -> Iterator[str]:
    """Every command that does something, as it is typed."""
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield path
        return
    for name, inner in subcommands.items():
        yield from commands(inner, f"{path} {name}")


def examples(document: str) -> list[str]:
    """The YAML documents shown whole: those that name their schema."""
    text = (ROOT / "docs" / document).read_text("utf-8")
    return [
        block
        for language, block in FENCE.findall(text)
        if language == "yaml" and block.startswith("schema:")
    ]


def make(*arguments: str) -> str:
    program = shutil.which("make")
    assert program is not None, "the project needs make"
    done = subprocess.run(
        [program, "--no-print-directory", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    # A question is answered by 1 where something would have to be made; nothing is made either way.
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def rules() -> str:
    """Make's own account of its rules; asked as a question, so that nothing runs."""
    return make("--question", "--print-data-base", "help")


def test_every_hub_command_line_shown_exists_with_its_options() -> None:
    lines = command_lines("hub")
    problems = [f"{document}: {found}" for document, words in lines if (found := problem_of(words))]
    assert problems == []
    assert {document for document, _ in lines} >= {"README.md", "running.md", "evaluate.md"}


def test_the_search_would_find_a_command_or_an_option_that_does_not_exist() -> None:
    assert problem_of(["lode", "sources/"]) == "no command lode sources/"
    assert problem_of(["profile", "explain"]) == "no command profile explain"
    assert problem_of(["load", "sources/", "--fast"]) == "load has no --fast"
    assert problem_of(["load", "sources/", "--json"]) is None


def test_every_command_is_named_in_running() -> None:
    text = (ROOT / "docs" / "running.md").read_text("utf-8")
    assert [command for command in commands() if f"`{command}" not in text] == []


def test_every_make_target_and_variable_shown_exists(rules: str) -> None:
    lines = command_lines("make")
    assert lines, "make is shown"
    for document, words in lines:
        for word in words:
            name, is_variable, _ = word.partition("=")
            rule = rf"^{re.escape(name)} = " if is_variable else rf"^{re.escape(name)}:"
            assert re.search(rule, rules, re.MULTILINE), f"{document}: make {word}"


def test_make_help_lists_targets_that_exist(rules: str) -> None:
    listed = re.findall(r"^\s+make (\S+)\s+\S", make("help"), re.MULTILINE)
    assert {"help", "demo", "test", "check", "serve", "bench"} <= set(listed)
    for target in listed:
        assert re.search(rf"^{target}:", rules, re.MULTILINE), target


def test_the_example_of_a_source_is_one(tmp_path: Path) -> None:
    [example] = examples("sources.md")
    file = tmp_path / "drivers.yaml"
    file.write_text(example, encoding="utf-8")
    source = load_source(file)
    assert source.id == "drivers"
    assert source.custom_attributes


def test_the_example_of_an_evaluation_is_one(tmp_path: Path) -> None:
    [example] = examples("evaluate.md")
    file = tmp_path / "town.yaml"
    file.write_text(example, encoding="utf-8")
    evaluation = load_evaluation(file)
    assert evaluation.id == "town"
    assert [attribute.name for attribute in evaluation.custom_attributes] == [
        "birthplace",
        "occupation",
    ]
