"""The lines of a text file, decoded, with the byte offset that continues right after any of them.

Decides encoding, line ends and the memory one line may take. What a line means is the format's.
A file is never held whole: at most WINDOW_BYTES_MAX, and one block more, are in memory.
"""

from __future__ import annotations

import codecs
from collections import deque
from typing import BinaryIO

from hub.domain.errors import SourceUnreadable

BLOCK_BYTES = 1 << 20
LINE_BYTES_MAX = 8 << 20
"""A line above this is not kept: it is no row, and a file without line ends must not fill memory."""
WINDOW_BYTES_MAX = 32 << 20
OTHER_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Lines:
    """Reads ahead by windows. A line is None where it was longer than LINE_BYTES_MAX.

    offset: the byte after the last consumed line. Raises SourceUnreadable (encoding) naming the
    first byte that is no text.
    """

    def __init__(
        self, stream: BinaryIO, encoding: str, offset: int, source: str, location: str
    ) -> None:
        self.offset = offset
        self._stream = stream
        self._encoding = encoding
        self._source = source
        self._location = location
        self._read_to = offset
        self._carry = b""
        self._at_end = False
        self._texts: list[str | None] = []
        self._sizes: deque[int] = deque()
        self._held_bytes = 0
        if offset:
            stream.seek(offset)
        else:
            self._skip_byte_order_mark()

    def window(self, lines_max: int) -> list[str | None]:
        """The next lines without their ends; fewer than asked for at the end or for want of memory."""
        while (
            len(self._texts) < lines_max
            and not self._at_end
            and self._held_bytes < WINDOW_BYTES_MAX
        ):
            self._fill()
        return self._texts[:lines_max]

    @property
    def is_cut(self) -> bool:
        """Whether memory, and not the end of the file, limits the windows just now."""
        return not self._at_end and self._held_bytes >= WINDOW_BYTES_MAX

    def consume(self, count: int) -> None:
        """Go on after `count` lines of the window."""
        size = sum([self._sizes.popleft() for _ in range(count)])
        self.offset += size
        self._held_bytes -= size
        del self._texts[:count]

    def _skip_byte_order_mark(self) -> None:
        self._carry = self._stream.read(len(codecs.BOM_UTF8))
        if self._carry.startswith(OTHER_BOMS):
            raise SourceUnreadable(self._source, "encoding", f"{self._location} at byte 0: UTF-16")
        if self._carry == codecs.BOM_UTF8:
            self.offset = self._read_to = len(codecs.BOM_UTF8)
            self._carry = b""

    def _fill(self) -> None:
        block = self._stream.read(BLOCK_BYTES)
        data = self._carry + block
        if not block:
            self._at_end = True
            self._carry = b""
            if data:
                self._add(data)
            return
        cut = data.rfind(b"\n") + 1
        self._carry = data[cut:]
        if cut:
            self._add(data[:cut])
        if len(self._carry) > LINE_BYTES_MAX:
            self._skip_line()

    def _skip_line(self) -> None:
        size = len(self._carry)
        while block := self._stream.readline(BLOCK_BYTES):
            size += len(block)
            if block.endswith(b"\n"):
                break
        self._carry = b""
        self._texts.append(None)
        self._sizes.append(size)
        self._read_to += size
        self._held_bytes += size

    def _add(self, data: bytes) -> None:
        bad = -1
        try:
            text = data.decode(self._encoding)
        except UnicodeDecodeError as error:
            # Raised outside this block: the UnicodeDecodeError carries the bytes of the file.
            bad, text = self._read_to + error.start, ""
        if bad >= 0:
            raise SourceUnreadable(self._source, "encoding", f"{self._location} at byte {bad}")
        # Not splitlines: it also divides at U+2028 and form feeds, which stand inside cells.
        parts = data.split(b"\n")
        texts = text.split("\n")
        if not parts[-1]:
            del parts[-1], texts[-1]
        if "\r" in text:
            texts = [line.removesuffix("\r") for line in texts]
        self._texts += texts
        sizes = [len(part) + 1 for part in parts]
        sizes[-1] -= not data.endswith(b"\n")
        self._sizes.extend(sizes)
        self._read_to += len(data)
        self._held_bytes += len(data)
