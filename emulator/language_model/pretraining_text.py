"""The text that the untuned model was pretrained on: office English, questions, sums and records, all drawn from lists.

It holds the words of everyday requests and shows how a message can be written as a record, in domains of its own. It
holds no example of any task in examples/.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from emulator.language_model.contract import Example

PEOPLE = tuple(
    ["Adam", "Alice", "Amir", "Anna", "Ben", "Bruno", "Carla", "Chen", "Clara", "David", "Dora", "Elena", "Emil", "Eva", "Fatima", "Felix", "Grace", "Hanna", "Hugo", "Ida", "Ines", "Ivan", "Jack", "Jonas", "Julia", "Karim", "Kate", "Lena", "Leo", "Lucas", "Maria", "Max", "Mia", "Nina", "Noah", "Olga", "Omar", "Paul", "Peter", "Rosa", "Sara", "Sofia", "Tom", "Vera", "Yusuf", "Zoe"]
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = tuple(["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"])
PLACES = ("the office", "the kitchen", "the station", "the school", "the library", "the shop", "the garden", "the hotel",
          "Oslo", "Madrid", "Cairo", "London", "the factory", "the warehouse", "the clinic", "the museum")  # fmt: skip

# Words that belong together: things, what people do to them, what they are like.
TOPICS: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (("invoice", "bill", "payment", "refund", "receipt", "subscription", "price", "credit card", "tax number", "amount"),
     ("paid", "sent", "corrected", "checked", "cancelled", "charged twice for", "asked for", "returned", "renewed", "received"),
     ("wrong", "too high", "missing", "late", "correct", "small", "due next month")),
    (("password", "login", "account", "permission", "user name", "key", "reset mail", "access", "seat", "plan"),
     ("forgot", "changed", "lost", "blocked", "removed", "added", "gave up", "needed", "opened", "upgraded"),
     ("locked", "wrong", "new", "old", "not known", "safe", "missing")),
    (("app", "website", "browser", "program", "phone", "computer", "report", "page", "search", "update", "API", "script"),
     ("opened", "installed", "closed", "started", "used", "saved", "tested", "called", "fixed", "explained"),
     ("slow", "fast", "broken", "full of errors", "ready", "useful", "easy to use", "terribly slow")),
    (("folder", "note", "list", "file", "record", "copy", "backup", "document", "letter", "version"),
     ("deleted by mistake", "found", "stored", "downloaded", "copied", "recovered", "overwrote", "shared", "printed", "exported"),
     ("empty", "long", "short", "complete", "gone", "very old", "on the desk")),
    (("meeting", "guide", "question", "answer", "message", "customer", "colleague", "company", "team", "auditor"),
     ("called", "helped", "met", "thanked", "wrote to", "waited for", "invited", "answered", "joined", "left"),
     ("important", "friendly", "urgent", "busy", "new", "helpful", "not answered yet")),
    (("apple", "bread", "soup", "cake", "coffee", "salad", "dinner", "egg", "cheese", "tea"),
     ("ate", "bought", "cooked", "shared", "ordered", "brought", "made", "liked", "sold", "finished"),
     ("fresh", "cold", "sweet", "warm", "ready", "very good", "too salty")),
    (("train", "bus", "ticket", "car", "road", "flight", "bag", "map", "bike", "boat"),
     ("took", "missed", "booked", "drove", "found", "repaired", "packed", "sold", "waited for", "rented"),
     ("late", "fast", "full", "heavy", "early", "cheap", "far away")),
    (("tree", "flower", "river", "dog", "cat", "bird", "field", "hill", "stone", "garden"),
     ("saw", "painted", "watered", "fed", "followed", "drew", "planted", "crossed", "loved", "watched"),
     ("green", "tall", "quiet", "old", "beautiful", "wild", "small")),
    (("book", "lesson", "test", "pencil", "class", "story", "song", "game", "word", "picture"),
     ("read", "wrote", "learned", "forgot", "finished", "lost", "explained", "played", "taught", "opened"),
     ("hard", "easy", "long", "funny", "new", "boring", "well known")),
)  # fmt: skip

OPENINGS = ("", "", "Hello,", "Hi,", "Dear team,", "Good day,", "Good morning,", "Hi all,", "Dear Sir or Madam,")
ENDINGS = (
    "",
    "",
    "Thanks,",
    "Thank you,",
    "Best wishes,",
    "Yours, {name}",
    "Best regards, {name}",
    "Thank you! {name}",
)


@dataclass(frozen=True)
class Domain:
    """A kind of message: its fields, their values, and the ways to say each value."""

    fields: dict[str, dict[str, tuple[str, ...]]]


DOMAINS = (
    Domain({
        "room": {
            "single": ("I need a room for myself.", "One bed is enough.", "I travel alone."),
            "double": ("We are a couple.", "A room for two, please.", "My wife and I need a room."),
            "family": ("We come with three children.", "The whole family will stay.", "We need beds for five."),
        },
        "meal": {
            "breakfast": ("We would like to eat in the morning.", "Is breakfast there? We take it.", "Only breakfast."),
            "all": ("All meals, please.", "We want to eat at the hotel every evening too.", "Full board."),
            "none": ("We eat elsewhere.", "No food is needed.", "We cook ourselves."),
        },
        "view": {
            "sea": ("I want to see the water.", "A window to the sea would be lovely."),
            "city": ("A view over the roofs is nice.", "We like the lights of the city."),
            "any": ("The view does not matter.", "Any floor will do."),
        },
    }),
    Domain({
        "device": {
            "heater": ("The heater makes a noise.", "It is cold, the heater is off.", "Our heating does not start."),
            "fridge": ("The fridge is warm inside.", "Water runs out of the fridge.", "The fridge hums all night."),
            "oven": ("The oven burns every cake.", "Our oven door is broken.", "The oven stays cold."),
            "lamp": ("The lamp goes on and off.", "The light in the hall is dead.", "A lamp fell down."),
        },
        "visit": {
            "now": ("Come at once!", "We freeze, so be quick.", "It cannot wait an hour."),
            "week": ("Some day this week.", "Tuesday or Wednesday would do.", "Before the weekend, please."),
            "later": ("Whenever you pass by.", "After the holidays is early enough.", "It is not pressing."),
        },
        "payer": {
            "tenant": ("I pay for it myself.", "Send the bill to me."),
            "owner": ("The owner of the house pays.", "My landlord takes the costs."),
        },
    }),
    Domain({
        "parcel": {
            "lost": ("My parcel never came.", "The box is not here after two weeks.", "Nobody knows where my packet is."),
            "damaged": ("The box arrived open.", "The glass in the parcel was in pieces.", "My packet got wet."),
            "late": ("The parcel came five days late.", "You promised Monday and came on Friday."),
            "wrong": ("I got somebody else's box.", "There were shoes inside, I wanted a lamp."),
        },
        "wish": {
            "resend": ("Send it again.", "I would like a new one."),
            "voucher": ("A voucher would be fair.", "Give me something off the next order."),
            "nothing": ("I only want to let you know.", "You need not do anything."),
        },
        "contact": {
            "phone": ("Call me.", "Ring me in the evening."),
            "mail": ("Write to me.", "A short mail is enough."),
        },
    }),
    Domain({
        "dish": {
            "pizza": ("One pizza, please.", "I would like the pizza of the day."),
            "soup": ("A bowl of soup for me.", "Something warm, the soup perhaps."),
            "salad": ("The green salad, please.", "Only a salad today."),
            "pasta": ("Noodles with tomato.", "I take the pasta."),
        },
        "size": {
            "small": ("I am not very hungry.", "A little one."),
            "medium": ("The usual size.", "Neither big nor small."),
            "large": ("I could eat a horse.", "The biggest that you have."),
        },
        "place": {
            "table": ("I sit at the window.", "We eat here."),
            "home": ("Bring it to my house.", "To my door, please."),
            "counter": ("I pick it up.", "I come by and fetch it."),
        },
        "drink": {"water": ("With water.", "Just water."), "tea": ("And a tea.", "Tea with it."), "none": ("No drink.",)},
    }),
    Domain({
        "subject": {
            "math": ("I want to get better at numbers.", "Sums are hard for me."),
            "language": ("I would like to learn Spanish.", "My English needs work."),
            "music": ("I dream of playing the piano.", "My daughter sings."),
            "art": ("We want to paint.", "Drawing is what I love."),
        },
        "level": {
            "beginner": ("I know nothing yet.", "It would be my first course.", "I start from zero."),
            "middle": ("I have done a year of it.", "I know the basics."),
            "expert": ("I have taught it myself.", "I have done this for ten years."),
        },
        "time": {
            "morning": ("Before noon is best.", "I am free early."),
            "evening": ("After work, please.", "Only late in the day."),
            "weekend": ("Saturday would be good.", "I am free on Sundays."),
        },
    }),
    Domain({
        "car": {
            "small": ("A little car is enough.", "Something that parks easily."),
            "van": ("We move house.", "It must carry a sofa."),
            "sport": ("It should be fast.", "I want to have fun on the road."),
        },
        "fuel": {
            "electric": ("I want to charge it at home.", "No petrol for us."),
            "petrol": ("An ordinary engine.", "I fill it up at the pump."),
        },
        "insurance": {
            "full": ("Insure everything.", "I do not want to pay for scratches."),
            "basic": ("The least cover is fine.", "I drive with care, so little cover."),
        },
        "days": {"one": ("For a day.", "Only today."), "seven": ("For a week.", "Seven days."), "thirty": ("All month.",)},
    }),
    Domain({
        "plant": {
            "rose": ("My roses look sad.", "The red flowers at the gate hang down."),
            "oak": ("The old oak lost its leaves.", "A big tree in the yard is dry."),
            "grass": ("The lawn is yellow.", "Moss grows between the grass."),
        },
        "cause": {
            "insects": ("I see small flies on it.", "Something eats the leaves."),
            "water": ("It has not rained for weeks.", "The ground is dry as dust."),
            "frost": ("The nights were icy.", "It was cold in spring."),
        },
        "helper": {
            "gardener": ("Send somebody with tools.", "A gardener should come."),
            "advice": ("Tell me what to do.", "A tip would be enough."),
        },
    }),
    Domain({
        "team": {
            "sales": ("I sell machines.", "I talk to buyers all day."),
            "finance": ("I do the books.", "I count the money."),
            "legal": ("I read contracts.", "I am a lawyer."),
            "support": ("I answer the phone.", "I help people with their questions."),
        },
        "leave": {
            "holiday": ("I go to the sea for a while.", "We fly to the mountains."),
            "sick": ("I have a fever.", "The doctor told me to stay in bed."),
            "training": ("I attend a course.", "I learn something new that week."),
        },
        "deputy": {"named": ("{name} takes over.", "{name} does my work."), "none": ("Nobody replaces me.",)},
    }),
)  # fmt: skip

REPLIES = (
    "Thank you for your message. We will look into it and write to you on {day}.",
    "Hello {name}, we have read your message and will answer it soon.",
    "We are sorry to hear that. A colleague will call you on {day}.",
    "Thanks for writing. {name} in {place} will take care of it.",
    "Your message has arrived. Please wait until {day}, then ask again.",
    "Good to hear from you. We have passed this on to {name}.",
)
RECORD_REQUESTS = ("Write this as a record.", "Answer as JSON.", "Give the record.", "Fill in the form.")
LINE_REQUESTS = ("Write this as lines.", "List the fields.")


def _fill(choose: random.Random, wording: str) -> str:
    return wording.format(name=choose.choice(PEOPLE), day=choose.choice(DAYS), place=choose.choice(PLACES))


def _sentence(choose: random.Random, topic: int) -> str:
    things, verbs, qualities = TOPICS[topic]
    person, thing, quality, verb = map(choose.choice, (PEOPLE, things, qualities, verbs))
    kind = choose.randrange(9)
    return (
        f"{person} {verb} the {thing} on {choose.choice(DAYS)}.",
        f"The {thing} is {quality}.",
        f"In {choose.choice(MONTHS)} {person} {verb} the {thing}, because the {choose.choice(things)} was {quality}.",
        f"{person} says that the {thing} in {choose.choice(PLACES)} is {quality}.",
        f"Please tell {person} that we {verb} the {thing}.",
        f"We {verb} {choose.randint(2, 40)} {thing}s, but the {choose.choice(things)} was {quality}.",
        f"I {verb} our {thing} and it is still {quality}.",
        f"Can you help me? My {thing} is {quality} and I need the {choose.choice(things)}.",
        f"Since {choose.choice(MONTHS)} the {thing} of {person} has been {quality}.",
    )[kind]


def _prose(choose: random.Random) -> Example:
    topic = choose.randrange(len(TOPICS))
    sentences = [_sentence(choose, topic) for _ in range(choose.randint(2, 5))]
    cut = choose.randint(1, len(sentences) - 1)
    return Example(" ".join(sentences[:cut]), " ".join(sentences[cut:]))


def _question(choose: random.Random) -> Example:
    """A few facts and a question about one of them, answered by a word from the text."""
    things, verbs, _ = TOPICS[choose.randrange(len(TOPICS))]
    people = choose.sample(PEOPLE, 3)
    facts = [
        (person, choose.choice(verbs), thing, choose.choice(DAYS))
        for person, thing in zip(people, choose.sample(things, 3), strict=True)
    ]
    person, verb, thing, day = choose.choice(facts)
    text = " ".join(f"{p} {v} the {t} on {d}." for p, v, t, d in facts)
    question, answer = choose.choice(
        (
            (f"Who {verb} the {thing}?", person),
            (f"When was that with the {thing}?", f"On {day}."),
            (f"Tell me about {person}.", f"{person} {verb} the {thing}."),
        )
    )
    return Example(f"{text} {question}", answer)


def _sum(choose: random.Random) -> Example:
    a, b = choose.randint(1, 60), choose.randint(1, 60)
    a, b = max(a, b), min(a, b)
    person, thing = choose.choice(PEOPLE), choose.choice(TOPICS[5][0])
    return choose.choice(
        (
            Example(f"What is {a} + {b}?", f"{a} + {b} = {a + b}"),
            Example(f"What is {a} - {b}?", f"{a} - {b} = {a - b}"),
            Example(
                f"{person} has {a} {thing}s and buys {b} more. How many {thing}s does {person} have?",
                f"{person} has {a} + {b} = {a + b} {thing}s.",
            ),
            Example(
                f"{person} had {a} {thing}s and sold {b}. How many are left?",
                f"{person} has {a} - {b} = {a - b} {thing}s left.",
            ),
        )
    )


def _message(choose: random.Random) -> Example:
    """A message from one of the domains, answered in prose, or as the record or lines that it asks for."""
    domain = choose.choice(DOMAINS)
    fields = dict(domain.fields)
    if choose.random() < 0.3:
        fields.pop(choose.choice(list(fields)))
    record, sentences = {}, []
    for field, values in fields.items():
        record[field] = choose.choice(list(values))
        sentences.append(_fill(choose, choose.choice(values[record[field]])))
    for _ in range(choose.choice((0, 0, 1, 1, 2))):
        sentences.append(_sentence(choose, choose.randrange(len(TOPICS))))
    choose.shuffle(sentences)
    parts = [choose.choice(OPENINGS), *sentences, _fill(choose, choose.choice(ENDINGS))]
    text = " ".join(part for part in parts if part)
    kind = choose.random()
    if kind < 0.3:
        return Example(text, _fill(choose, choose.choice(REPLIES)))
    if kind < 0.85:
        return Example(f"{text} {choose.choice(RECORD_REQUESTS)}", json.dumps(record))
    return Example(
        f"{text} {choose.choice(LINE_REQUESTS)}", "\n".join(f"{field}: {value}" for field, value in record.items())
    )


def _conversion(choose: random.Random) -> Example:
    """Lines of fields and values, to be written as JSON: copying, whatever the names are."""
    words = [word for things, _, qualities in TOPICS for word in (*things, *qualities)]
    fields = choose.sample(words, choose.randint(2, 4))
    record = {field.replace(" ", "-"): choose.choice(words).replace(" ", "-") for field in fields}
    lines = "\n".join(f"{field}: {value}" for field, value in record.items())
    return Example(f"{lines}\n{choose.choice(RECORD_REQUESTS)}", json.dumps(record))


_KINDS = (_prose, _question, _sum, _message, _conversion)
_SHARES = (0.25, 0.15, 0.08, 0.42, 0.1)


def pretraining_examples(count: int, seed: int) -> list[Example]:
    """Draws examples; the same seed gives the same ones."""
    choose = random.Random(seed)  # noqa: S311 - reproducible text, not a secret
    return [choose.choices(_KINDS, _SHARES)[0](choose) for _ in range(count)]
