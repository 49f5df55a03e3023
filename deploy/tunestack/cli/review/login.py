"""Credentials of a job without a key: Google Cloud takes the token that the job's host has signed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tunestack.cli.stack import StackError

_PROVIDER = re.compile(r"projects/\d+/locations/global/workloadIdentityPools/[^/]+/providers/[^/]+")


def write(file: Path, token: str, provider: str, account: str) -> None:
    """Writes a file for GOOGLE_APPLICATION_CREDENTIALS, and beside it the token, for nobody else to read.

    Its form: https://google.aip.dev/auth/4117; every library of Google's takes it, and the engine's.

    Args:
        file: to write; its folder is made where it is missing.
        token: that the host has signed.
        provider: full name of the identity provider.
        account: e-mail address of the service account that the job acts as.

    Raises:
        StackError: something is missing, or of another form.
    """
    if not _PROVIDER.fullmatch(provider):
        raise StackError(
            f'--provider: "{provider}" is no name of an identity provider; it is like '
            "projects/123456789/locations/global/workloadIdentityPools/POOL/providers/NAME, with the project's number"
        )
    if "@" not in account:
        raise StackError(f'--account: "{account}" is no e-mail address; is the variable set for this environment?')
    if not token:
        raise StackError("the job has no token of its host; give it `id_tokens: {GOOGLE_ID_TOKEN: {aud: …}}`")
    impersonated = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
    token_file = file.with_suffix(".token")
    credentials: dict[str, Any] = {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{provider}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url": impersonated,
        "credential_source": {"file": str(token_file.absolute())},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    for path, content in ((token_file, token), (file, json.dumps(credentials, indent=2))):
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(content, "utf-8")
