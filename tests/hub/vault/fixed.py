"""Keys and randomness that never change, so that sealed bytes can be written down in a test."""

from hub.vault.keyring import HeldRootKey

ROOT = HeldRootKey(bytes(range(32)))
OTHER_ROOT = HeldRootKey(bytes(range(1, 33)))


def counted(count: int) -> bytes:
    return bytes(index % 256 for index in range(100, 100 + count))
