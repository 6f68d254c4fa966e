"""Raw values to comparable ones: canonical, ASCII-folded, never empty; null where there is no evidence."""
