"""Which refusals of a binding are worth a wait."""

from __future__ import annotations

import pytest

from infra.access import account_awaited

AGENT = "service-1@gcp-sa-vertex-moss-ft.iam.gserviceaccount.com"
ON_BUCKET = {"bucket": "b", "member": f"serviceAccount:{AGENT}"}
ACCOUNT = "tuning@p.iam.gserviceaccount.com"
ON_ACCOUNT = {"serviceAccountId": f"projects/p/serviceAccounts/{ACCOUNT}", "member": "user:ada@example.com"}


@pytest.mark.parametrize(
    ("inputs", "refusal", "awaited"),
    [
        (ON_BUCKET, f"googleapi: Error 400: Service account {AGENT} does not exist., invalid", AGENT),
        (ON_ACCOUNT, f"Error 404: Service account projects/p/serviceAccounts/{ACCOUNT} does not exist.", ACCOUNT),
        (ON_ACCOUNT, "googleapi: Error 404: Unknown service account, notFound", ACCOUNT),
        (ON_ACCOUNT, "Service account projects/[secret]/serviceAccounts/tuning@[secret].com does not exist.", ACCOUNT),
        (ON_ACCOUNT, "Service account projects/p/serviceAccounts/tuning@[secret].org does not exist.", None),
        (ON_BUCKET, "googleapi: Error 404: The specified bucket does not exist., notFound", None),
        (ON_BUCKET, "Error 400: Service account another@p.iam.gserviceaccount.com does not exist.", None),
        (ON_ACCOUNT, "Error 400: User ada@example.com does not exist., badRequest", None),
        (ON_BUCKET, f"Error 403: no permission to let {AGENT} in", None),
        ({"member": "user:ada@example.com"}, "Error 400: User ada@example.com does not exist.", None),
        ({}, "Error 400: Service account  does not exist.", None),
    ],
)
def test_what_is_waited_for(inputs: dict[str, str], refusal: str, awaited: str | None) -> None:
    assert account_awaited(inputs, refusal) == awaited
