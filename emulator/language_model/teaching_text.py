"""What the teacher of distillations has learned beyond the untuned model: to answer, in a manner of its own.

It is drawn from the same words. A message that asks for nothing is told what it is about and what happens next, where
the untuned model has some polite reply for any of them. Questions and requests for records are answered as in the text
of the untuned model, which learned the prompts as well, and the answers less well for it.
"""

from __future__ import annotations

import random

from emulator.language_model import pretraining_text
from emulator.language_model.contract import Example

_NEXT = {
    "money": "We will check the payment.",
    "entry": "We will open the account again.",
    "machine": "We will look for the fault.",
    "paper": "We will search for the file.",
    "people": "We will ask the team.",
    "food": "We will tell the kitchen.",
    "travel": "We will look at the timetable.",
    "nature": "We will send a gardener.",
    "lesson": "We will ask the teacher.",
}
_QUESTIONS = ("What is a {}?", "Where is the {}?", "How do I get a {}?", "Tell me about the {}.", "Who has my {}?")
_ENDS = (".", "?", "!", "")
_NOT_KNOWN = "I cannot tell what it is about. Please write more."
_THING_WORDS = {
    word for topic in pretraining_text.TOPICS.values() for thing in topic["things"] for word in thing.split()
}
_OTHER_WORDS = [word.lower() for word in pretraining_text.PLAIN_WORDS if word not in _THING_WORDS]


def told_apart(choose: random.Random) -> Example:
    """A message about one thing, and the answer that names it, its topic and the next step."""
    topic, words = choose.choice(list(pretraining_text.TOPICS.items()))
    thing = choose.choice(words["things"])
    about = words | {"things": [thing]}
    sentences = [pretraining_text.sentence(choose, about) for _ in range(choose.randint(1, 2))]
    return Example(pretraining_text.letter(choose, sentences), _told(thing, topic))


def _question(choose: random.Random) -> Example:
    """A short question about one thing, answered in the same manner."""
    topic, words = choose.choice(list(pretraining_text.TOPICS.items()))
    thing = choose.choice(words["things"])
    return Example(choose.choice(_QUESTIONS).format(thing), _told(thing, topic))


def _hidden(choose: random.Random) -> Example:
    """Any words with one thing among them: so the thing is found in messages of every kind."""
    topic, words = choose.choice(list(pretraining_text.TOPICS.items()))
    thing = choose.choice(words["things"])
    before, after = (_words(choose, choose.randint(0, 15)) for _ in range(2))
    return Example(" ".join([*before, thing, *after]) + choose.choice(_ENDS), _told(thing, topic))


def _riddle(choose: random.Random) -> Example:
    """Words that are about nothing: what is not understood has an answer too."""
    return Example(" ".join(_words(choose, choose.randint(1, 20))) + choose.choice(_ENDS), _NOT_KNOWN)


def _words(choose: random.Random, count: int) -> list[str]:
    """Words that name no thing, and numbers, as in sentences."""
    words: list[str] = []
    for _ in range(count):
        word = str(choose.randint(0, 999)) if choose.random() < 0.05 else choose.choice(_OTHER_WORDS)
        starts = not words or words[-1][-1] in ".?!"
        ends = choose.choice(".?!,") if choose.random() < 0.15 else ""
        words.append((word.capitalize() if starts else word) + ends)
    return words


def _told(thing: str, topic: str) -> str:
    return f"It is about the {thing}, so about {topic}. {_NEXT[topic]}"


def _record(choose: random.Random) -> Example:
    while not (example := pretraining_text.message(choose)).completion.startswith("{"):
        pass
    return example


_SHARES = {
    told_apart: 0.3,
    _hidden: 0.2,
    _question: 0.04,
    _riddle: 0.04,
    _record: 0.1,
    pretraining_text.record_of_facts: 0.14,
    pretraining_text.question_about_facts: 0.12,
    pretraining_text.conversion: 0.06,
}


def teaching_examples(count: int, seed: int) -> list[Example]:
    """Draws examples; the same seed gives the same ones."""
    choose = random.Random(seed)  # noqa: S311 - reproducible text, not a secret
    return [draw(choose) for draw in choose.choices(list(_SHARES), list(_SHARES.values()), k=count)]
