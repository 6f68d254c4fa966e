"""The invented population, the five agencies that hold it, and the story they tell."""
