"""One condition of the readable language, from its first letter to its chain, checked as far as it can be checked without a network."""

from __future__ import annotations

from typing import Any

from votive.client.conditions.phrases import Phrase, argument
from votive.client.conditions.questions import QUESTIONS
from votive.client.conditions.tokens import Tokens
from votive.terms.conditions import InvalidConditions, TooManyConditions, parse


def condition_at(tokens: Tokens, chain: str) -> dict[str, Any]:
    """Read one condition and check that it means something."""
    start = tokens.next
    if start.kind == "object":
        condition: dict[str, Any] = tokens.take().value
    elif start.kind == "word" and start.text in QUESTIONS:
        condition = QUESTIONS[start.text](_phrase(tokens, chain))
    else:
        raise tokens.wrong(f"a condition belongs here: {', '.join(QUESTIONS)}, or one of Lit's as JSON")
    try:
        parse([condition])
    except (InvalidConditions, TooManyConditions) as error:
        raise tokens.wrong(error.message.removeprefix("conditions[0]").removeprefix("."), start) from error
    return condition


def _phrase(tokens: Tokens, chain: str) -> Phrase:
    phrase = Phrase(tokens, chain, tokens.take())
    if phrase.name.text == "param":
        tokens.expect("(")
        phrase.arguments.append(tokens.take())
        tokens.expect(")")
        return phrase
    if tokens.took("("):
        while not tokens.took(")"):
            phrase.arguments.append(argument(tokens))
            if not tokens.took(","):
                tokens.expect(")")
                break
    if tokens.took("at"):
        key = tokens.take()
        if key.kind != "text":
            raise tokens.wrong("the name of an output, or a JSONPath, belongs here in double quotes", key)
        phrase.key = key.text
    return phrase
