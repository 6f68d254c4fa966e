"""What holds the frame: import walls, migrations equal to tables, settings and rules documented."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.contract import RULES, SOURCE_RULES
from hub import provision
from hub.settings import Settings
from hub.store.database import SCHEMA_HEAD
from tests.conftest import TEMPLATE, Server

ROOT = Path(__file__).parents[2]


def test_migrations_are_numbered_without_gaps_and_the_head_is_the_newest() -> None:
    files = sorted((ROOT / "migrations" / "versions").glob("*.py"))
    numbers = [file.name[:4] for file in files]
    assert numbers == [f"{n:04}" for n in range(1, len(files) + 1)]
    assert numbers[-1] == SCHEMA_HEAD


def test_every_migration_says_what_it_changes_and_why_it_is_safe() -> None:
    for file in (ROOT / "migrations" / "versions").glob("*.py"):
        text = file.read_text()
        assert "What it changes: " in text, file.name
        assert "Why it is safe beside the previous release: " in text, file.name
        assert "lock_timeout" in text, file.name


def test_migrating_gives_exactly_the_tables_in_the_code(server: Server) -> None:
    provision.require_models_match(server.urls(TEMPLATE).owner)


def test_every_setting_is_documented() -> None:
    running = (ROOT / "docs" / "running.md").read_text()
    for name in Settings.model_fields:
        assert f"`HUB_{name.upper()}`" in running, name


def test_every_rule_a_row_or_source_can_break_is_documented() -> None:
    sources = (ROOT / "docs" / "sources.md").read_text()
    for rule in (*RULES, *SOURCE_RULES, "duplicate_key"):
        assert f"`{rule}`" in sources, rule


def test_documents_link_to_files_that_exist() -> None:
    for document in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
