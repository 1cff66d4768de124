"""Whether access control conditions hold for a caller: asked of chains and actions by each node for itself, and explained."""

from __future__ import annotations

from votive.auth.conditions.evaluate import ConditionsNotMet, Outcome, evaluate
from votive.auth.conditions.world import FetchJson, NotOffered, ReadChains, RunAction, Subject

__all__ = ["ConditionsNotMet", "FetchJson", "NotOffered", "Outcome", "ReadChains", "RunAction", "Subject", "evaluate"]
