"""A simulated Amazon Bedrock: training, custom models, paid capacity and inference, over the real protocol.

Everything it answers is made up on this machine; every answer carries the header x-bedrock-simulator.
"""

from bedrock_simulator.clock import Clock, SteppedClock, SystemClock
from bedrock_simulator.configuration import Configuration, Durations, Lifecycle, Quotas
from bedrock_simulator.event_faults import EventFault, FaultyEvents
from bedrock_simulator.exchange import Chunk, Door, Event, IamContext, Publish, Request, Response
from bedrock_simulator.fault_wishes import FaultWishes
from bedrock_simulator.faults import Fault, FaultKind, FaultyDoor
from bedrock_simulator.knowledge import Knowledge, Skill
from bedrock_simulator.ledger import LedgerEntry
from bedrock_simulator.objects import DirectoryObjects, MemoryObjects, Objects, ObjectsError
from bedrock_simulator.simulator import Simulator

__all__ = [
    "Chunk",
    "Clock",
    "Configuration",
    "DirectoryObjects",
    "Door",
    "Durations",
    "Event",
    "EventFault",
    "Fault",
    "FaultKind",
    "FaultWishes",
    "FaultyDoor",
    "FaultyEvents",
    "IamContext",
    "Knowledge",
    "LedgerEntry",
    "Lifecycle",
    "MemoryObjects",
    "Objects",
    "ObjectsError",
    "Publish",
    "Quotas",
    "Request",
    "Response",
    "Simulator",
    "Skill",
    "SteppedClock",
    "SystemClock",
]
