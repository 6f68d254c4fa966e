"""The disclosure log as values and hashes: what is written, how it is sealed, how anybody checks it."""
