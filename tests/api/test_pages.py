"""What engineers read in a browser: whole, of this hub alone, and without anything that runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from api import server
from api.app import described_app
from api.errors import install
from api.openapi import operations
from api.problems import Problem
from tests.api.running import plain

STYLE = Path(__file__).parents[2] / "api" / "static" / "docs.css"
PAGES = ("/docs", "/problems", *(one.value.type for one in Problem))


class Page(HTMLParser):
    """A page's elements, and what it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.odd: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "href":
                (self.links if tag == "a" else self.loaded).append(value or "")
            elif name in ("src", "srcset", "data", "poster"):
                self.loaded.append(value or "")
            elif name == "style" or name.startswith("on"):
                self.odd.append(name)


@pytest.fixture(scope="module")
def reader() -> Iterator[httpx.Client]:
    """Whoever reads them needs no hub that could answer."""
    app = described_app()
    install(app)
    with server.answering(app, server.listen("127.0.0.1", 0)) as url, plain(url) as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_only_what_the_hub_serves_and_runs_nothing(
    reader: httpx.Client, path: str
) -> None:
    answer = reader.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "unsafe" not in policy
    page = Page(answer.text)
    assert page.loaded == ["/static/docs.css"]
    assert page.odd == []
    assert not {"script", "style", "iframe", "img", "form"} & set(page.tags)
    assert [one for one in page.links if one.startswith(("http:", "https:", "//"))] == []
    assert page.tags.count("h1") == page.tags.count("main") == 1
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_somewhere(reader: httpx.Client, path: str) -> None:
    page = Page(reader.get(path).text)
    for link in set(page.links):
        if link.startswith("#"):
            assert link[1:] in page.ids, link
        else:
            assert reader.get(link).status_code == 200, link


@pytest.mark.parametrize("problem", Problem)
def test_each_problem_has_its_page(reader: httpx.Client, problem: Problem) -> None:
    kind = problem.value
    text = reader.get(kind.type).text
    assert f"<h1>{kind.title}</h1>" in text.replace("&#39;", "'")
    assert f"<dd>{kind.status}</dd>" in text
    assert kind.type in Page(reader.get("/problems").text).links


def test_the_page_shows_every_operation_and_problem_of_the_description(
    reader: httpx.Client,
) -> None:
    page = Page(reader.get("/docs").text)
    schema = reader.get("/openapi.json").json()
    for path, method, operation in operations(schema):
        assert operation["operationId"] in page.ids, f"{method} {path}"
    assert {f"model-{name}" for name in schema["components"]["schemas"]} <= set(page.ids)


def test_what_there_is_not_is_a_problem(reader: httpx.Client) -> None:
    for path in ("/problems/none", "/static/none.css", "/static/../app.py", "/docs/"):
        answer = reader.get(path)
        assert answer.json()["type"] == Problem.NO_SUCH_ROUTE.value.type


def test_the_style_loads_nothing_and_its_colours_can_be_read(reader: httpx.Client) -> None:
    assert reader.get("/static/docs.css").text == STYLE.read_text()
    text = STYLE.read_text()
    assert "url(" not in text
    assert "@import" not in text
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]+)", text))
    for ink in ("ink", "link"):
        for paper in ("paper", "soft"):
            assert contrast(colours[ink], colours[paper]) >= 7, "WCAG 2.2 AAA"


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2)."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(one * 2 for one in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
