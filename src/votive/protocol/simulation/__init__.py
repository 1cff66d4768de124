"""The network in a bottle: the real ceremonies over a simulated network, in virtual time, with a stand-in engine.

Everything that chance decides comes from one seed, and ``SimulatedNetwork.log_hash`` is equal for equal runs. Nothing here
is used by a node.
"""

from __future__ import annotations

from votive.protocol.simulation.committee import BLOCK, Committee, Results, SimulatedNode
from votive.protocol.simulation.group import LARGE, TINY, Group
from votive.protocol.simulation.loop import Stuck, VirtualClock, VirtualLoop, directly, simulate
from votive.protocol.simulation.network import CALM, Sent, SimulatedChannel, SimulatedNetwork, Tamper, Weather

__all__ = [
    "BLOCK",
    "CALM",
    "LARGE",
    "TINY",
    "Committee",
    "Group",
    "Results",
    "Sent",
    "SimulatedChannel",
    "SimulatedNetwork",
    "SimulatedNode",
    "Stuck",
    "Tamper",
    "VirtualClock",
    "VirtualLoop",
    "Weather",
    "directly",
    "simulate",
]
