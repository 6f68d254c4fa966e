"""May this caller see this, for this purpose, now: pure rules, no database, no clock."""
