"""问政策: what somebody asks about a programme, answered from its facts, with the clause.

A question is matched to a topic of the programme model, the same topics for all programmes; the
answer is composed from the facts of the programmes it is about, so that no other programme's
figure can slip in, and a fact that the document is silent on is answered as silent. Everything
here is a pure function of the question, the packs and the two lists beside this file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from answers.alarms import PLAIN, Alarm, alarm_for, alarm_in, alarmed
    from answers.policy_guide import CLEAR, SURELY, Guide, Last, PolicyAnswer, guide

__all__ = [
    "CLEAR",
    "PLAIN",
    "SURELY",
    "Alarm",
    "Guide",
    "Last",
    "PolicyAnswer",
    "alarm_for",
    "alarm_in",
    "alarmed",
    "guide",
]

_OF_ALARMS = ("PLAIN", "Alarm", "alarm_for", "alarm_in", "alarmed")


def __getattr__(name: str) -> Any:
    """Load a name when it is first asked for: the process that reads a document needs none."""
    if name not in __all__:
        raise AttributeError(name)
    module = "answers.alarms" if name in _OF_ALARMS else "answers.policy_guide"
    return getattr(import_module(module), name)
