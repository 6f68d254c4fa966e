"""One module per thing that happens; each commits before it returns."""
