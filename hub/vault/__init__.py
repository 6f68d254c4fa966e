"""Bytes in, bytes out: keys, sealing and tags. Knows no record and no table."""
