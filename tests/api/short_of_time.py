"""A process that serves a hub with short time-outs, on a socket it is handed: `python -m tests.api.short_of_time FD`."""

from __future__ import annotations

import socket
import sys
from typing import Final

import uvicorn

from api import server
from api.app import create_app
from hub import wiring
from hub.cli.serve import log_as_json
from hub.settings import read_settings

TIMEOUT_S: Final = 1.0


def main() -> None:
    log_as_json()
    with wiring.open_hub(read_settings()) as hub:
        app = create_app(hub, body_timeout_s=TIMEOUT_S)
        listening = socket.socket(fileno=int(sys.argv[1]))
        uvicorn.Server(server.config(app, head_timeout_s=TIMEOUT_S)).run(sockets=[listening])


if __name__ == "__main__":
    main()
