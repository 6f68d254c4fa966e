"""The embedded PostgreSQL server: found, initialised, started, shared and stopped.

One server per data folder, left running and shared by every process of the same user; whoever
wants it gone calls `stop`. What is stored in it, and under which roles, is decided elsewhere.
"""

from hub.embedded.address import ServerAddress, ServerStatus
from hub.embedded.server import ensure, status, stop
from hub.embedded.throwaway import throwaway

__all__ = ["ServerAddress", "ServerStatus", "ensure", "status", "stop", "throwaway"]
