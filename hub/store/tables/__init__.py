"""Every table, one module per aggregate; importing this package fills `Base.metadata` for the migrations check.

Foreign keys stand where rows are few. The bulk tables of a load (tags, holdings, relationships, record
keys) carry none: a check per row would cost more than the row; records.py alone writes and deletes them.
"""

from hub.store.tables.access import (
    Client,
    ClientKey,
    Enrolment,
    RepeatableRequest,
    UsedOnce,
    UsedOnceMark,
)
from hub.store.tables.agency_feed import AgencyEvent, ToldRecord
from hub.store.tables.base import Base
from hub.store.tables.budgets import Alarm, LookUpBudget, LookUpQuestion
from hub.store.tables.constituents import (
    Alias,
    Component,
    Constituent,
    Home,
    Link,
    PairwiseId,
    Review,
    arrivals,
)
from hub.store.tables.disclosures import (
    Disclosure,
    Leaf,
    LogCheckpoint,
    LogNode,
    PendingLeaf,
)
from hub.store.tables.events import Event, EventCursor, Outgoing
from hub.store.tables.installation import Installation
from hub.store.tables.models import ActiveModel, Model
from hub.store.tables.policies import AgreementApproval, AgreementProposal, StatedPolicy
from hub.store.tables.records import Holding, Record, RecordKeyRow, Relationship, tags
from hub.store.tables.runs import Quarantined, Run, Seen
from hub.store.tables.sources import Source
from hub.store.tables.stewardship import Judgement, Objection, Pin
from hub.store.tables.subjects import (
    ConsentEventRow,
    Correction,
    Notice,
    RepresentationRow,
    RestrictionRow,
    Subject,
    SubjectKeyRow,
    Suppression,
)

__all__ = [
    "ActiveModel",
    "AgencyEvent",
    "AgreementApproval",
    "AgreementProposal",
    "Alarm",
    "Alias",
    "Base",
    "Client",
    "ClientKey",
    "Component",
    "ConsentEventRow",
    "Constituent",
    "Correction",
    "Disclosure",
    "Enrolment",
    "Event",
    "EventCursor",
    "Holding",
    "Home",
    "Installation",
    "Judgement",
    "Leaf",
    "Link",
    "LogCheckpoint",
    "LogNode",
    "LookUpBudget",
    "LookUpQuestion",
    "Model",
    "Notice",
    "Objection",
    "Outgoing",
    "PairwiseId",
    "PendingLeaf",
    "Pin",
    "Quarantined",
    "Record",
    "RecordKeyRow",
    "Relationship",
    "RepeatableRequest",
    "RepresentationRow",
    "RestrictionRow",
    "Review",
    "Run",
    "Seen",
    "Source",
    "StatedPolicy",
    "Subject",
    "SubjectKeyRow",
    "Suppression",
    "ToldRecord",
    "UsedOnce",
    "UsedOnceMark",
    "arrivals",
    "tags",
]
