"""Who could be the same, and how sure: no PostgreSQL, no web."""
