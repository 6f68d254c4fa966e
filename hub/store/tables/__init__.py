"""Every table, one module per aggregate; importing this package fills `Base.metadata` for the migrations check.

Foreign keys stand where rows are few. The bulk tables of a load (tags, holdings, relationships, record
keys) carry none: a check per row would cost more than the row; records.py alone writes and deletes them.
"""

from hub.store.tables.base import Base
from hub.store.tables.constituents import Alias, Constituent, Home, Link, Review
from hub.store.tables.installation import Installation
from hub.store.tables.models import ActiveModel, Model
from hub.store.tables.records import Holding, Record, RecordKeyRow, Relationship, tags
from hub.store.tables.runs import Quarantined, Run, Seen
from hub.store.tables.sources import Source

__all__ = [
    "ActiveModel",
    "Alias",
    "Base",
    "Constituent",
    "Holding",
    "Home",
    "Installation",
    "Link",
    "Model",
    "Quarantined",
    "Record",
    "RecordKeyRow",
    "Relationship",
    "Review",
    "Run",
    "Seen",
    "Source",
    "tags",
]
