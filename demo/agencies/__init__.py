"""The five agencies of the demo world, and the seven sources they keep, each in its own format."""
