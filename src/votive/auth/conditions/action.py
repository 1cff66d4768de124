"""LitAction: an action is asked; the text of what its function returns is compared.

Its own code is followed by a call of the function that the condition names, so whoever writes a condition names the action and the
question together, and an action can answer many.
"""

from __future__ import annotations

import json

from votive.auth.conditions.compare import texts
from votive.auth.conditions.special import put_in
from votive.auth.conditions.world import Inquiry, NotOffered, Subject, Verdict
from votive.terms.conditions.evm_basic import action_cid
from votive.terms.conditions.kinds import EvmBasic


async def judge(condition: EvmBasic, asked: Inquiry) -> Verdict:
    """Run the action and compare its answer."""
    if asked.run_action is None:
        raise NotOffered("this place runs no actions to check conditions. Use a condition that asks a chain.")
    answer = await asked.run_action(action_cid(condition), ending(condition, asked.who), asked.who)
    test = condition.test
    return Verdict(holds=texts(answer, test.comparator, test.value), seen=_shown(answer))


def ending(condition: EvmBasic, who: Subject) -> str:
    """Return the JavaScript that calls the function with the condition's parameters, each a text, and answers its result as a text.

    Nothing is put together from texts but JSON literals, and no name is declared that the action's own could collide with.
    """
    arguments = ", ".join(json.dumps(put_in(text, who, who.address)) for text in condition.parameters)
    call = f"(await {condition.method}({arguments})).toString()"
    return f"\n;(async () => {{ Lit.Actions.setResponse({{ response: {call} }}); }})();\n"


def _shown(answer: str) -> str:
    """Return what a refusal shows of an answer: an action may know what the caller must not learn."""
    return answer if answer in {"true", "false", ""} else f"a text of {len(answer)} letters"
