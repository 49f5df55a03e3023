"""The text that the untuned model was pretrained on: office English, questions, sums and records, all drawn from lists.

It has the words of everyday requests and shows how a message can be written as a record, with forms of its own. It
holds no example of any task in examples/.
"""

from __future__ import annotations

import json
import random
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.language_model.contract import Example

if TYPE_CHECKING:
    from collections.abc import Iterator


def _texts(lists: Any) -> Iterator[str]:
    """All texts in nested lists and tables."""
    if isinstance(lists, str):
        yield lists
        return
    for inner in lists.values() if isinstance(lists, dict) else lists:
        yield from _texts(inner)


_LISTS = tomllib.loads(Path(__file__).with_name("pretraining_words.toml").read_text(encoding="utf-8"))
TOPICS: dict[str, dict[str, list[str]]] = _LISTS["topics"]
PLAIN_WORDS = sorted({word for text in _texts(_LISTS) for word in re.findall("[A-Za-z]+", text)})
_WORDS = sorted({word for topic in TOPICS.values() for word in (*topic["things"], *topic["states"])})

# Fields, the values each may have, and the sentences that give a value away.
Form = dict[str, dict[str, list[str]]]
_MESSAGES: list[Form] = list(_LISTS["messages"].values())


def _fill(choose: random.Random, wording: str) -> str:
    name, day, place = (choose.choice(_LISTS[kind]) for kind in ("people", "days", "places"))
    return wording.format(name=name, day=day, place=place)


def sentence(choose: random.Random, topic: dict[str, list[str]]) -> str:
    """Says something about a thing of the topic."""
    thing, other, deed, state = (choose.choice(topic[kind]) for kind in ("things", "things", "deeds", "states"))
    person, place, day, month = (choose.choice(_LISTS[kind]) for kind in ("people", "places", "days", "months"))
    return choose.choice(
        (
            f"{person} {deed} the {thing} on {day}.",
            f"The {thing} is {state}.",
            f"In {month} {person} {deed} the {thing}, because the {other} was {state}.",
            f"{person} says that the {thing} in {place} is {state}.",
            f"Please tell {person} that we {deed} the {thing}.",
            f"We {deed} {choose.randint(2, 40)} {thing}s, but the {other} was {state}.",
            f"I {deed} our {thing} and it is still {state}.",
            f"Can you help me? My {thing} is {state} and I need the {other}.",
            f"Since {month} the {thing} of {person} has been {state}.",
        )
    )


def letter(choose: random.Random, sentences: list[str]) -> str:
    """The sentences in any order, with or without a greeting and an ending."""
    choose.shuffle(sentences)
    parts = [choose.choice(_LISTS["openings"]), *sentences, _fill(choose, choose.choice(_LISTS["endings"]))]
    return " ".join(part for part in parts if part)


def _lines(record: dict[str, str]) -> str:
    return "\n".join(f"{field}: {value}" for field, value in record.items())


def _prose(choose: random.Random) -> Example:
    topic = choose.choice(list(TOPICS.values()))
    sentences = [sentence(choose, topic) for _ in range(choose.randint(2, 5))]
    cut = choose.randint(1, len(sentences) - 1)
    return Example(" ".join(sentences[:cut]), " ".join(sentences[cut:]))


def question_about_facts(choose: random.Random) -> Example:
    """A few facts and a question about one of them, answered by a word from the text."""
    topic = choose.choice(list(TOPICS.values()))
    facts = [
        (person, choose.choice(topic["deeds"]), thing, choose.choice(_LISTS["days"]))
        for person, thing in zip(choose.sample(_LISTS["people"], 3), choose.sample(topic["things"], 3), strict=True)
    ]
    person, deed, thing, day = choose.choice(facts)
    text = " ".join(f"{who} {did} the {what} on {when}." for who, did, what, when in facts)
    question, answer = choose.choice(
        (
            (f"Who {deed} the {thing}?", person),
            (f"When was that with the {thing}?", f"On {day}."),
            (f"Tell me about {person}.", f"{person} {deed} the {thing}."),
        )
    )
    return Example(f"{text} {question}", answer)


def _sum(choose: random.Random) -> Example:
    small, large = sorted((choose.randint(1, 60), choose.randint(1, 60)))
    total, rest = f"{large} + {small} = {large + small}", f"{large} - {small} = {large - small}"
    person, thing = choose.choice(_LISTS["people"]), choose.choice(TOPICS["food"]["things"])
    return choose.choice(
        (
            Example(f"What is {large} + {small}?", total),
            Example(f"What is {large} - {small}?", rest),
            Example(
                f"{person} has {large} {thing}s and buys {small} more. How many {thing}s does {person} have?",
                f"{person} has {total} {thing}s.",
            ),
            Example(
                f"{person} had {large} {thing}s and sold {small}. How many are left?",
                f"{person} has {rest} {thing}s left.",
            ),
        )
    )


def conversion(choose: random.Random) -> Example:
    """Lines of fields and values, to be written as JSON: copying, whatever the names are."""
    names = [word.replace(" ", "-") for word in choose.sample(_WORDS, 8)]
    record = dict(zip(names[:4], names[4:], strict=True))
    for field in choose.sample(names[:4], choose.randint(0, 2)):
        del record[field]
    return Example(f"{_lines(record)}\n{choose.choice(_LISTS['record_requests'])}", json.dumps(record))


def _copy(choose: random.Random) -> Example:
    """Pieces of words and foreign characters to be repeated: here every token occurs, so that none stays untrained."""
    pieces = []
    for _ in range(choose.randint(2, 7)):
        word = choose.choice(PLAIN_WORDS)
        start = choose.randrange(len(word))
        foreign = chr(
            choose.choice((0x21, 0x3F, 0xA1, 0x391, 0x411, 0x905, 0x3042, 0x4E00, 0x1F600)) + choose.randrange(63)
        )
        pieces.append(foreign if choose.random() < 0.15 else word[start : start + choose.randint(1, 8)])
        pieces.append(
            choose.choice(('"', '"', "-", "/", "_", ", ", ": ", " ", " ", " ", "\n", "#", "(", ")", "+", "%", "'s "))
        )
    text = "".join(pieces)
    return Example(f"Copy: {text}", text)


def message(choose: random.Random) -> Example:
    """A message of a known kind, answered in prose, or as the record or the lines that it asks for."""
    form = dict(choose.choice(_MESSAGES))
    if choose.random() < 0.3:
        del form[choose.choice(list(form))]
    record = {field: choose.choice(list(values)) for field, values in form.items()}
    sentences = [_fill(choose, choose.choice(form[field][value])) for field, value in record.items()]
    sentences += [sentence(choose, choose.choice(list(TOPICS.values()))) for _ in range(choose.choice((0, 0, 1, 1, 2)))]
    text = letter(choose, sentences)
    kind = choose.random()
    if kind < 0.3:
        return Example(text, _fill(choose, choose.choice(_LISTS["replies"])))
    if kind < 0.85:
        return Example(f"{text} {choose.choice(_LISTS['record_requests'])}", json.dumps(record))
    return Example(f"{text} {choose.choice(_LISTS['line_requests'])}", _lines(record))


def record_of_facts(choose: random.Random) -> Example:
    """Sentences that tell of a person, a thing, a state, a day, and a record of what the request names."""
    name, topic = choose.choice(list(TOPICS.items()))
    person, place, day, month = (choose.choice(_LISTS[kind]) for kind in ("people", "places", "days", "months"))
    deed, state = choose.choice(topic["deeds"]), choose.choice(topic["states"])
    thing, other = choose.sample(topic["things"], 2)
    record = {"topic": name, "who": person, "what": thing, "state": state, "day": day, "where": place}
    text = letter(choose, [
        choose.choice((f"{person} {deed} the {thing}.", f"The one who {deed} the {thing} is {person}.")),
        choose.choice((f"Now it is {state}.", f"I found it {state}.", f"It has been {state} since {month}.")),
        choose.choice((f"That was on {day}.", f"It happened last {day}.", f"{day} was the day.")),
        choose.choice((f"I write from {place}.", f"You find us in {place}.", f"It is in {place}.")),
        choose.choice(("", f"The {other} is here too.", f"We talked about the {other} before.")),
    ])  # fmt: skip
    fields = choose.sample(list(record), choose.randint(1, 5))
    return Example(f"{text} Record: {', '.join(fields)}.", json.dumps({field: record[field] for field in fields}))


def _invented_forms(count: int) -> list[Form]:
    """Forms of random words, so that a value can be told by remembering its sentences and by nothing else."""
    choose = random.Random(3)  # noqa: S311 - the same forms in every run
    forms: list[Form] = []
    for _ in range(count):
        topic = choose.choice(list(TOPICS.values()))
        words = iter([word.replace(" ", "-") for word in choose.sample(_WORDS, 24)])
        forms.append({
            next(words): {
                next(words): [sentence(choose, topic) for _ in range(3)] for _ in range(choose.randint(2, 5))
            }
            for _ in range(4)
        })  # fmt: skip
    return forms


_INVENTED = _invented_forms(40)


def _form(choose: random.Random) -> Example:
    """A message for an invented form, as a record of the fields that the request names."""
    form = choose.choice(_INVENTED)
    record = {field: choose.choice(list(form[field])) for field in choose.sample(list(form), choose.randint(2, 4))}
    text = letter(choose, [choose.choice(form[field][value]) for field, value in record.items()])
    return Example(f"{text} Record: {', '.join(record)}.", json.dumps(record))


_SHARES = {
    _prose: 0.13,
    question_about_facts: 0.09,
    _sum: 0.06,
    conversion: 0.06,
    _copy: 0.08,
    message: 0.3,
    record_of_facts: 0.12,
    _form: 0.16,
}


def pretraining_examples(count: int, seed: int) -> list[Example]:
    """Draws examples; the same seed gives the same ones."""
    choose = random.Random(seed)  # noqa: S311 - reproducible text, not a secret
    return [draw(choose) for draw in choose.choices(list(_SHARES), list(_SHARES.values()), k=count)]
