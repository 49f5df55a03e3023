from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.running_emulator import Emulator

SKUS = "/billing/v1/services/C7E2-9256-1C43/skus"
GEMMA = "Cloud Vertex AI Model Garden Managed OSS Fine Tuning for Gemma 3 1B model"


def _usd(sku: dict[str, Any]) -> Decimal:
    """The price of the quantity that is shown, as the documentation says to work it out."""
    expression = sku["pricingInfo"][-1]["pricingExpression"]
    (rate,) = expression["tieredRates"]
    price = rate["unitPrice"]
    assert price["currencyCode"] == "USD"
    return (int(price["units"]) + Decimal(price["nanos"]) / 10**9) * int(expression["displayQuantity"])


def test_vertex_ai_has_prices(emulator: Emulator) -> None:
    (service,) = emulator.http.get("/billing/v1/services").json()["services"]
    assert (service["displayName"], service["name"]) == ("Vertex AI", "services/C7E2-9256-1C43")
    skus = {sku["description"]: sku for sku in emulator.http.get(SKUS, params={"currencyCode": "USD"}).json()["skus"]}
    assert _usd(skus[GEMMA]) == Decimal("0.47")
    assert skus[GEMMA]["pricingInfo"][0]["pricingExpression"]["usageUnit"] == "count"
    parts = ("G2 Instance Core", "G2 Instance Ram", "Nvidia L4 GPU")
    found = [skus[f"Vertex AI: Online/Batch Prediction {part} running in Iowa"] for part in parts]
    assert [sku["pricingInfo"][0]["pricingExpression"]["usageUnit"] for sku in found] == ["h", "GiBy.h", "h"]
    core, gigabyte, gpu = map(_usd, found)
    assert round(12 * core + 48 * gigabyte + gpu, 2) == Decimal("1.15"), "g2-standard-12 by the hour"


def test_the_list_comes_in_pages(emulator: Emulator) -> None:
    whole = emulator.http.get(SKUS).json()["skus"]
    read: list[dict[str, Any]] = []
    token = ""
    while token or not read:
        answer = emulator.http.get(SKUS, params={"pageSize": 10, "pageToken": token}).json()
        read += answer["skus"]
        token = answer.get("nextPageToken", "")
    assert read == whole
    assert len({sku["skuId"] for sku in whole}) == len(whole)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/billing/v1/services/0000-0000-0000/skus", "NOT_FOUND"), (f"{SKUS}?currencyCode=EUR", "INVALID_ARGUMENT")],
)
def test_what_the_list_does_not_have(emulator: Emulator, path: str, status: str) -> None:
    assert emulator.http.get(path).json()["error"]["status"] == status
