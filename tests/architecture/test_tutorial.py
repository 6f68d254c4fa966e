"""The README's five minutes, typed as they are written, against the hub that they start."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.api.serving import free_port

ROOT = Path(__file__).parents[2]
TITLE = "## Five minutes with the API\n"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Where the README's hub answers; the test's answers where nobody else does.
PORT = "8080"
STARTS_WITHIN_S = 180


@pytest.fixture(scope="module")
def blocks() -> list[tuple[str, str]]:
    text = (ROOT / "README.md").read_text("utf-8").partition(TITLE)[2].partition("\n## ")[0]
    return FENCE.findall(text)


@pytest.fixture(scope="module")
def port() -> str:
    return str(free_port())


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the project's as `make install` leaves it, in which nothing was begun yet."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "bootstrap.lock"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture(scope="module")
def environment(port: str) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return mine | {
        "PYTHONPATH": str(ROOT),
        "HUB_PORT": port,
        "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HUB_SHARED_BUFFERS_MB": "64",
    }


@pytest.fixture(scope="module")
def served(
    blocks: list[tuple[str, str]], checkout: Path, environment: dict[str, str], port: str
) -> Iterator[None]:
    """What the first block starts, in a terminal of its own, until it is interrupted there."""
    language, first = blocks[0]
    assert (language, first) == ("sh", "make serve\n")
    make = shutil.which("make")
    assert make is not None, "the project needs make"
    told = checkout / "served.txt"
    with told.open("wb") as written:
        # --old-file: what is installed here stays as it is.
        serving = subprocess.Popen(
            [make, "--old-file", ".venv/.installed", "serve"],
            cwd=checkout,
            env=environment,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        ends = time.monotonic() + STARTS_WITHIN_S
        while not is_ready(port):
            assert serving.poll() is None, told.read_text()
            assert time.monotonic() < ends, told.read_text()
            time.sleep(0.2)
        yield
    finally:
        inside = psutil.Process(serving.pid).children(recursive=True)
        os.killpg(serving.pid, signal.SIGINT)
        serving.wait(timeout=60)
        _, alive = psutil.wait_procs(inside, timeout=60)
        for one in alive:
            one.kill()
    assert alive == [], "to be interrupted ends all of it"
    assert "Traceback" not in told.read_text()


def is_ready(port: str) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


@pytest.mark.usefixtures("served")
def test_the_five_minutes_work_as_they_are_written(
    blocks: list[tuple[str, str]], checkout: Path, environment: dict[str, str], port: str
) -> None:
    typed = []
    for language, block in blocks[1:]:
        if language == "python":
            (checkout / "look_up.py").write_text(block.replace(PORT, port))
        else:
            assert language == "sh"
            typed.append(block.replace(f"127.0.0.1:{PORT}", f"127.0.0.1:{port}"))
    typed[0] = typed[0].replace(
        "--out parks.json", f"--out parks.json --at http://127.0.0.1:{port}"
    )
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "-euo", "pipefail", "-c", "\n".join(typed)],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = done.stdout
    assert "parks-desk is enrolled; its key is in parks.json" in told
    assert "HTTP/1.1 200 OK" in told, "with curl"
    assert '"found":"one"' in told
    by_python = told.partition('"withheld"')[2]
    assert re.search(r"^MARIA|^Maria", by_python, re.MULTILINE), "with the client"
    assert re.search(r"^fishing_licence expired \d{4}-\d\d-\d\d$", by_python, re.MULTILINE)
    looked = by_python.partition("fishing_licence expired")[2]
    assert looked.rstrip().endswith("3 in all"), "she sees both, and her own look"
    assert "parks" in looked.lower()
