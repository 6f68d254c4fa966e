"""Version 1 of the API: one module per noun. What is here stays; what must change otherwise is a `/v2`."""
