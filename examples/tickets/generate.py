"""Writes the support tickets: plain words in, a strict JSON record out.

Usage: ``python examples/tickets/generate.py [--output FOLDER] [--seed N]``

Only the standard library is used, and the same seed always gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SEED = 20260708
SIZES = {"train.jsonl": 600, "validation.jsonl": 96, "heldout.jsonl": 48}
OTHER_WAYS = 120
"""Tickets in each of the files for other ways to tune: the first ones of the training file."""

PRODUCTS = {
    "starter-plan": ("the Starter plan", "our Starter subscription", "the small Starter package"),
    "team-plan": ("the Team plan", "our Team subscription", "the Team package"),
    "web-app": ("the web app", "the website", "the browser version"),
    "mobile-app": ("the mobile app", "the iPhone app", "the app on my Android phone"),
    "desktop-app": ("the desktop app", "the Windows program", "the Mac program"),
    "api": ("the API", "your REST API", "our script that calls the API"),
}
PLANS = ("starter-plan", "team-plan")
APPS = ("web-app", "mobile-app", "desktop-app")


@dataclass(frozen=True)
class Issue:
    """One kind of ticket: what it is filed under, what is to be done, and how customers say it."""

    category: str
    action: str
    products: tuple[str, ...]
    wordings: tuple[str, ...]


ISSUES = (
    Issue(
        "billing",
        "refund",
        PLANS,
        (
            "I was charged twice for {product} in {month}. Please give me the money back.",
            "You took {amount} dollars for {product} although we cancelled in {month}. We want a refund.",
            "My card shows two payments of {amount} dollars for {product}. Please return one of them.",
        ),
    ),
    Issue(
        "billing",
        "correct-invoice",
        PLANS,
        (
            "The {month} invoice for {product} has the wrong company name on it.",
            "Our tax number is missing on the invoice for {product}. Please send a corrected one.",
            "The {month} bill for {product} lists {count} seats, but we have fewer. Please correct it.",
        ),
    ),
    Issue(
        "billing",
        "cancel",
        PLANS,
        (
            "Please cancel {product} at the end of {month}.",
            "We no longer need {product} and do not want to renew it.",
            "How do I end {product}? We are closing the office in {month}.",
        ),
    ),
    Issue(
        "billing",
        "upgrade",
        PLANS,
        (
            "We would like to add {count} more seats to {product}.",
            "We are growing and need room for {count} new people on {product}.",
            "Please move {product} up to {count} users from {month} on.",
        ),
    ),
    Issue(
        "access",
        "reset-password",
        (*APPS, "api"),
        (
            "I forgot my password and cannot get into {product}.",
            "{Product} says my password is wrong, and the reset mail never arrives.",
            "After {count} failed attempts {product} has locked me out.",
        ),
    ),
    Issue(
        "access",
        "grant-access",
        (*APPS, "api"),
        (
            "{name} joined us in {month} and needs a login for {product}.",
            "Please give {name} permission to use {product}.",
            "{count} new colleagues should be able to open {product} as well.",
        ),
    ),
    Issue(
        "access",
        "revoke-access",
        (*APPS, "api"),
        (
            "{name} left the company. Please remove the account from {product}.",
            "{name} must not be able to use {product} any more.",
            "Someone I do not know is signed in to {product}. Please block that person.",
        ),
    ),
    Issue(
        "bug",
        "fix",
        (*APPS, "api"),
        (
            "{Product} crashes as soon as I open a report.",
            "Since the update in {month} {product} shows an error when I save.",
            "{Product} returns error {code} on every second request.",
            "The search in {product} finds nothing, not even our own names.",
        ),
    ),
    Issue(
        "performance",
        "investigate",
        (*APPS, "api"),
        (
            "{Product} has become terribly slow. A page takes {count} seconds.",
            "Every call to {product} takes {count} seconds or times out.",
            "With {count} people working at once {product} hardly responds.",
        ),
    ),
    Issue(
        "data",
        "restore",
        APPS,
        (
            "I deleted a folder in {product} by mistake. Can you bring it back?",
            "All notes from {month} have disappeared from {product}.",
            "{name} has overwritten our list in {product}. Please recover the old version.",
        ),
    ),
    Issue(
        "data",
        "export",
        (*APPS, "api"),
        (
            "We need a copy of everything that we stored in {product}.",
            "How can I download all of our records from {product} as a file?",
            "Our auditor wants the data of {month} out of {product}.",
        ),
    ),
    Issue(
        "question",
        "explain",
        tuple(PRODUCTS),
        (
            "Is there a guide for beginners to {product}?",
            "What does {product} offer that the others do not?",
            "Could you explain to {name} how {product} works?",
        ),
    ),
)

URGENCY = {
    "high": (
        "This is urgent.",
        "We cannot work until this is solved.",
        "I need this today.",
        "Please treat this as an emergency.",
        "Our customers are waiting, so every minute counts.",
        "Please hurry.",
    ),
    "normal": (
        "",
        "An answer this week would be fine.",
        "Please reply in the next few days.",
        "I look forward to your reply.",
    ),
    "low": (
        "There is no hurry.",
        "Take your time.",
        "This can wait until next month.",
        "It is not important, just whenever you have a moment.",
        "Only if you find the time.",
    ),
}

GREETINGS = ("", "Hi,", "Hello,", "Dear support,", "Good morning,", "Hi there,", "Hello team,")
REMARKS = (
    "",
    "",
    "",
    "I have been a customer for {count} years.",
    "{name} told me to write to you.",
    "I could not find this in the help pages.",
    "We are a small company with {count} people.",
    "I already called, but nobody answered.",
    "You helped us very well last time.",
)
CLOSINGS = ("", "", "Thanks!", "Thank you, {name}", "Best regards, {name}", "Regards, {name}", "Kind regards")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November")
NAMES = ("Anna", "Ben", "Chen", "Dora", "Emil", "Fatima", "Grace", "Hugo", "Ines", "Jonas", "Karim", "Lena", "Maria")


def ticket(issue: Issue, choose: random.Random) -> dict[str, str]:
    """Draws one ticket: ``prompt`` is what the customer wrote, ``completion`` the record as JSON."""
    product = choose.choice(issue.products)
    urgency = choose.choice(tuple(URGENCY))
    spoken = choose.choice(PRODUCTS[product])

    def say(wording: str) -> str:
        return wording.format(
            product=spoken,
            Product=spoken[0].upper() + spoken[1:],
            month=choose.choice(MONTHS),
            name=choose.choice(NAMES),
            count=choose.randint(3, 40),
            amount=choose.randint(5, 60) * 5,
            code=choose.choice((400, 403, 404, 500, 502, 503)),
        )

    body = [say(choose.choice(issue.wordings)), choose.choice(URGENCY[urgency]), say(choose.choice(REMARKS))]
    choose.shuffle(body)
    parts = [choose.choice(GREETINGS), *body, say(choose.choice(CLOSINGS))]
    record = {"category": issue.category, "product": product, "urgency": urgency, "action": issue.action}
    return {"prompt": " ".join(part for part in parts if part), "completion": json.dumps(record)}


def generate(seed: int = SEED) -> dict[str, list[dict[str, str]]]:
    """Returns the three files' examples by file name.

    Each file has as many tickets of one issue as of any other. No prompt occurs twice, within a file or across them.
    """
    choose = random.Random(seed)  # noqa: S311 - reproducible wording, not a secret
    written: set[str] = set()
    files: dict[str, list[dict[str, str]]] = {}
    for name, size in SIZES.items():
        examples: list[dict[str, str]] = []
        while len(examples) < size:
            drawn = ticket(ISSUES[len(examples) % len(ISSUES)], choose)
            if drawn["prompt"] not in written:
                written.add(drawn["prompt"])
                examples.append(drawn)
        choose.shuffle(examples)
        files[name] = examples
    return files


def in_other_forms(training: list[dict[str, str]]) -> dict[str, list[dict[str, Any]]]:
    """Returns tickets of the training file in the forms that other ways to tune take, by file name."""
    return {
        "generate-content.jsonl": [generate_content(**example) for example in training[:OTHER_WAYS]],
        "prompts.jsonl": [{"prompt": example["prompt"]} for example in training[:OTHER_WAYS]],
    }


def generate_content(prompt: str, completion: str) -> dict[str, Any]:
    """Returns a ticket and its record as a conversation with a Gemini model."""
    turns = (("user", prompt), ("model", completion))
    return {"contents": [{"role": role, "parts": [{"text": text}]} for role, text in turns]}


def main() -> None:
    """Writes the files beside this script, or into ``--output``."""
    parser = argparse.ArgumentParser(description="Write the support tickets as JSON Lines.")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, help="folder to write to")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    files = generate(arguments.seed)
    for name, examples in {**files, **in_other_forms(files["train.jsonl"])}.items():
        lines = "".join(json.dumps(example) + "\n" for example in examples)
        (arguments.output / name).write_text(lines, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
