"""The server settings that are ours, as the command line that outranks every file and ALTER SYSTEM.

Two concerns: room and durability, which the caller sets, and silence: no value of a statement may
reach the server's log, which is why lines below LOG (errors quote what they could not read) and all
details are left out. Clients still get every error in full.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

_SILENT = {
    # Order here is WARNING < ERROR < LOG < FATAL: an ERROR's own text may quote a value.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_autovacuum_min_duration": "-1",
    "log_checkpoints": "off",
    "log_duration": "off",
    "log_lock_waits": "off",
    "log_temp_files": "-1",
    "debug_print_parse": "off",
    "debug_print_plan": "off",
    "debug_print_rewritten": "off",
    "logging_collector": "off",
    "log_destination": "stderr",
}
_PRIVATE = {"listen_addresses": "", "unix_socket_permissions": "0700"}
_STEADY = {
    # Sealed blobs do not compress, and queries here are short: compiling them costs more than it saves.
    "jit": "off",
    "checkpoint_timeout": "15min",
}
_LOSSY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a caller may choose. `is_durable` off is for servers that are thrown away."""

    shared_buffers_mb: int
    max_connections: int
    max_wal_size_mb: int
    is_durable: bool

    def settings(self) -> dict[str, str]:
        durability = {"synchronous_commit": "on"} if self.is_durable else _LOSSY
        return {
            "shared_buffers": f"{self.shared_buffers_mb}MB",
            "max_connections": str(self.max_connections),
            "max_wal_size": f"{self.max_wal_size_mb}MB",
            **durability,
        }


def command_line(tuning: Tuning, *, name: str, port: int, socket_dir: Path) -> str:
    """The options for `pg_ctl -o`, quoted for the shell it uses. `name` marks every process."""
    settings = {
        **_SILENT,
        **_PRIVATE,
        **_STEADY,
        **tuning.settings(),
        "cluster_name": name,
        "port": str(port),
        "unix_socket_directories": str(socket_dir),
    }
    return " ".join(f"-c {shlex.quote(f'{key}={value}')}" for key, value in settings.items())
