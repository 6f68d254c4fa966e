"""Promises of matching.standardise."""
