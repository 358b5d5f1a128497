"""问政策: what somebody asks about a programme, answered from its facts, with the clause.

A question is matched to a topic of the programme model, the same topics for all programmes; the
answer is composed from the facts of the programmes it is about, so that no other programme's
figure can slip in, and a fact that the document is silent on is answered as silent. Everything
here is a pure function of the question, the packs and the two lists beside this file.
"""

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
