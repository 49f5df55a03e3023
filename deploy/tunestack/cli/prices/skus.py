"""The public price list of a service: the stock keeping units (SKUs) of the Cloud Billing catalogue.

https://cloud.google.com/billing/docs/reference/rest/v1/services.skus/list
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tunestack.connection import Connection
from tunestack.retries import CALL_SECONDS, repeatable
from tunestack.service_errors import document

if TYPE_CHECKING:
    import requests

VERTEX_AI = "services/C7E2-9256-1C43"
"""Vertex AI in the Cloud Billing catalogue, as public programs name it that read its prices."""

PAGE_SIZE = 5000
"""The largest page, and what the service takes when none is asked for."""

_ADDRESS = "https://cloudbilling.googleapis.com"
_NANOS = 10**9


@dataclass(frozen=True, slots=True)
class Sku:
    """Something that is billed.

    Attributes:
        id: such as `AE9C-DB60-DF46`.
        description: what it is, for people; nothing else tells which model or machine is meant.
        usage: `OnDemand`, `Preemptible`, `Commit1Yr`, ….
        regions: where it is offered at this price.
        unit: what the price is for: `count` or `h`, for example.
        usd: price of one unit; None where it depends on how much is used, or is not in US dollars.
    """

    id: str
    description: str
    usage: str
    regions: tuple[str, ...]
    unit: str
    usd: Decimal | None


def skus(connection: Connection | None) -> Iterator[Sku]:
    """Yields all that Vertex AI bills.

    Args:
        connection: to an emulator, or None for Google Cloud: the list is the same for everybody.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: the service refuses.
    """
    reached = connection or Connection("", "global")
    address = f"{reached.api_endpoint}/billing" if reached.api_endpoint else _ADDRESS
    with reached.http() as session:
        token = ""
        while True:
            page = _page(session, f"{address}/v1/{VERTEX_AI}/skus", token)
            yield from map(from_service, page.get("skus", ()))
            token = page.get("nextPageToken", "")
            if not token:
                return


@repeatable
def _page(session: requests.Session, address: str, token: str) -> Mapping[str, Any]:
    asked: dict[str, str | int] = {"currencyCode": "USD", "pageSize": PAGE_SIZE}
    following = {"pageToken": token} if token else {}
    return document(session.get(address, params={**asked, **following}, timeout=CALL_SECONDS))


def from_service(sku: Mapping[str, Any]) -> Sku:
    """Returns a SKU as the service writes it; prices are in time's order, the last is the present one."""
    pricing = (sku.get("pricingInfo") or [{}])[-1].get("pricingExpression", {})
    return Sku(
        id=sku.get("skuId", ""),
        description=" ".join(sku.get("description", "").split()),
        usage=sku.get("category", {}).get("usageType", ""),
        regions=tuple(sku.get("serviceRegions", ())),
        unit=pricing.get("usageUnit", ""),
        usd=_usd([tier.get("unitPrice", {}) for tier in pricing.get("tieredRates", ())]),
    )


def _usd(rates: list[Mapping[str, Any]]) -> Decimal | None:
    """Returns the one price that is not free: some units of many a service are."""
    amounts = {Decimal(rate.get("units") or 0) + Decimal(rate.get("nanos") or 0) / _NANOS for rate in rates} - {0}
    in_dollars = all(rate.get("currencyCode", "USD") == "USD" for rate in rates)
    return amounts.pop() if len(amounts) == 1 and in_dollars else None
