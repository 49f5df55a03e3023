"""What was found, for machines: one object for each machine in a region, and what an endpoint would take."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from tunestack.cli.capacity.answers import Answer, Row


def of(found: Sequence[Answer]) -> dict[str, Any]:
    """Returns everything as JSON has it; null is not known."""
    return {
        "machines": [_row(answer, row) for answer in found for row in answer.rows],
        "endpoints": [
            {
                "stack": answer.question.stack,
                "endpoint": answer.question.endpoint,
                "region": answer.capacity.region,
                "serving": answer.question.serving,
                "machine": answer.choice[0] if answer.choice else None,
                "reason": answer.reason,
            }
            for answer in found
            if answer.question.endpoint
        ],
        "unseen": list(dict.fromkeys(text for answer in found for text in answer.capacity.unseen)),
    }


def _row(answer: Answer, row: Row) -> dict[str, Any]:
    question, source = answer.question, row.source
    today = datetime.datetime.now(datetime.UTC).date()
    return {
        "stack": question.stack,
        "endpoint": question.endpoint,
        "project": question.connection.project,
        "region": answer.capacity.region,
        "machine": row.machine[0],
        "acceleratorType": row.machine[1],
        "acceleratorCount": row.machine[2],
        "fits": row.holds,
        "weightBytes": answer.capacity.weight_bytes,
        "usableBytes": row.usable_bytes,
        "granted": row.granted,
        "inUse": row.in_use,
        "needed": row.needed,
        "available": row.available,
        "usdPerHour": None if row.usd_per_hour is None else float(row.usd_per_hour),
        "source": source.title if source else None,
        "date": source.date.isoformat() if source and source.date else None,
        "stale": source.is_stale(today) if source else None,
        "obstacle": row.obstacle,
        "chosen": row.machine == answer.choice,
    }
