"""The public price list of Cloud Billing: the services, and what of Vertex AI's list concerns tuning and serving.

Paths, fields and pages: https://cloud.google.com/billing/docs/reference/rest/v1/services.skus. Nothing is charged to a
project, so none has to have the API. The ids of the SKUs are the emulator's.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from emulator.errors import ServiceError
from emulator.paging import page

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.services import Services

# Vertex AI's, as public programs that read its prices name it.
_SERVICE = {
    "name": "services/C7E2-9256-1C43",
    "serviceId": "C7E2-9256-1C43",
    "displayName": "Vertex AI",
    "businessEntityName": "businessEntities/GCP",
}
_PAGE_SIZE = 5000  # the default and the largest: https://cloud.google.com/billing/v1/how-tos/catalog-api
_MILLION = 1_000_000
_NANOS = 10**9


def routes(_: Services) -> list[Route]:
    """`/billing/v1/services` and `/billing/v1/services/…/skus`."""
    return [Route("/billing/v1/services", _services), Route("/billing/v1/services/{service}/skus", _skus)]


async def _services(request: Request) -> JSONResponse:
    return JSONResponse(page("services", [_SERVICE], request, default=_PAGE_SIZE, limit=_PAGE_SIZE))


async def _skus(request: Request) -> JSONResponse:
    if request.path_params["service"] != _SERVICE["serviceId"]:
        # The wording is the emulator's.
        raise ServiceError("NOT_FOUND", f"The service {request.url.path} does not exist.")
    if (currency := request.query_params.get("currencyCode", "USD")) != "USD":
        # "If not specified USD will be used"; the service converts to others, the emulator has no rates.
        raise ServiceError("INVALID_ARGUMENT", f"The emulator has prices in USD only, not in {currency}.")
    return JSONResponse(page("skus", _all(), request, default=_PAGE_SIZE, limit=_PAGE_SIZE))


@cache
def _all() -> list[dict[str, Any]]:
    content = json.loads(files(__package__).joinpath("price_list.json").read_text("utf-8"))
    moment = f"{content['date']}T00:00:00Z"
    return [
        _sku(name, Decimal(usd) / quantity, unit, quantity, region, moment)
        for prices, unit, quantity, region in (
            ("usd_per_million_tokens", "count", _MILLION, "global"),
            ("usd_per_hour", "h", 1, "us-central1"),
            ("usd_per_gibibyte_hour", "GiBy.h", 1, "us-central1"),
        )
        for name, usd in content[prices].items()
    ]


def _sku(description: str, usd: Decimal, unit: str, quantity: int, region: str, moment: str) -> dict[str, Any]:
    digest = hashlib.sha256(description.encode()).hexdigest().upper()
    sku_id = "-".join((digest[:4], digest[4:8], digest[8:12]))
    price = {"currencyCode": "USD", "units": str(int(usd)), "nanos": int(usd % 1 * _NANOS)}
    return {
        "name": f"{_SERVICE['name']}/skus/{sku_id}",
        "skuId": sku_id,
        "description": description,
        "category": {
            "serviceDisplayName": _SERVICE["displayName"],
            "resourceFamily": "ApplicationServices",
            "resourceGroup": "MLEngine",
            "usageType": "OnDemand",
        },
        "serviceRegions": [region],
        "pricingInfo": [
            {
                "effectiveTime": moment,
                "summary": "",
                "pricingExpression": {
                    "usageUnit": unit,
                    "usageUnitDescription": {"count": "count", "h": "hour", "GiBy.h": "gibibyte hour"}[unit],
                    "displayQuantity": quantity,
                    "tieredRates": [{"startUsageAmount": 0, "unitPrice": price}],
                },
                "currencyConversionRate": 1,
            }
        ],
        "serviceProviderName": "Google",
    }
