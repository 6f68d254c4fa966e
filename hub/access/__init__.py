"""Who calls and what with: tokens, proofs and keys as values. No database, no web, no clock."""
