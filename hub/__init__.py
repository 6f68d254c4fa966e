"""The record of who is who, and the journeys through it.

Imports nothing, so that hub.domain can be imported without dragging the journeys along.
"""
