"""Agency systems: rows in, instructions out. Knows neither the store nor the matcher."""
