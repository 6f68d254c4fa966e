"""HTTP only: parse, call one journey, shape the answer."""
