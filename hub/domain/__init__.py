"""The shared words and pure rules. Standard library only; every other package may import it."""
