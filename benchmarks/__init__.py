"""One module per budget; ratios against a bare tool in the same run."""
