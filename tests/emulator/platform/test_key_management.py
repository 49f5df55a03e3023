"""Cloud KMS as `tunestack state new` and its users ask it."""

from __future__ import annotations

import base64
import re
from typing import Any

import google_crc32c
import pytest

from tests.running_emulator import Emulator

LOCATION = "/kms/v1/projects/demo/locations/europe-west4"
KEY = f"{LOCATION}/keyRings/ring/cryptoKeys/key"
NAME = KEY.removeprefix("/kms/v1/")
ROTATED = {"rotationPeriod": "7776000s", "nextRotationTime": "2027-01-01T00:00:00Z"}


@pytest.fixture
def keys(emulator: Emulator) -> Emulator:
    emulator.http.post("/su/v1/projects/demo/services/cloudkms.googleapis.com:enable", json={})
    assert emulator.http.post(f"{LOCATION}/keyRings?keyRingId=ring", json={}).is_success
    body = {"purpose": "ENCRYPT_DECRYPT", **ROTATED}
    assert emulator.http.post(f"{LOCATION}/keyRings/ring/cryptoKeys?cryptoKeyId=key", json=body).is_success
    return emulator


def encoded(content: bytes) -> dict[str, str]:
    text = base64.b64encode(content).decode()
    return {"plaintext": text, "plaintextCrc32c": str(google_crc32c.value(content))}


def test_the_api_has_to_be_enabled(emulator: Emulator) -> None:
    answer = emulator.http.post(f"{LOCATION}/keyRings?keyRingId=ring", json={})
    assert answer.status_code == 403
    assert "Cloud Key Management Service (KMS) API has not been used in project" in answer.text


def test_rings_and_keys(keys: Emulator) -> None:
    keys.restart()
    key = keys.http.get(KEY).json()
    assert (key["name"], key["rotationPeriod"], key["primary"]["name"]) == (
        NAME,
        "7776000s",
        f"{NAME}/cryptoKeyVersions/1",
    )
    assert keys.http.get(f"{LOCATION}/keyRings").json()["keyRings"][0]["name"].endswith("/keyRings/ring")
    assert keys.http.get(f"{LOCATION}/keyRings/ring/cryptoKeys").json()["totalSize"] == 1
    body = {"rotationPeriod": "86400s", "nextRotationTime": "2027-02-01T00:00:00Z"}
    changed = keys.http.patch(f"{KEY}?updateMask=rotation_period,nextRotationTime", json=body).json()
    assert (changed["rotationPeriod"], changed["purpose"]) == ("86400s", "ENCRYPT_DECRYPT")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("POST", f"{LOCATION}/keyRings?keyRingId=ring", {}, "ALREADY_EXISTS", "KeyRing .* already exists"),
        ("POST", f"{LOCATION}/keyRings?keyRingId=a+b", {}, "INVALID_ARGUMENT", "keyRingId must match"),
        ("GET", f"{LOCATION}/keyRings/none", None, "NOT_FOUND", "KeyRing .* not found"),
        ("GET", f"{LOCATION}/keyRings/ring/cryptoKeys/none", None, "NOT_FOUND", "CryptoKey .* not found"),
        ("POST", f"{LOCATION}/keyRings/none/cryptoKeys?cryptoKeyId=k", {}, "NOT_FOUND", "KeyRing .* not found"),
        (
            "POST",
            f"{LOCATION}/keyRings/ring/cryptoKeys?cryptoKeyId=k",
            {"purpose": "ENCRYPT_DECRYPT", **ROTATED, "rotationPeriod": "3600s"},
            "INVALID_ARGUMENT",
            "at least 24 hours",
        ),
        (
            "POST",
            f"{LOCATION}/keyRings/ring/cryptoKeys?cryptoKeyId=k",
            {"purpose": "ENCRYPT_DECRYPT", "rotationPeriod": "86400s"},
            "INVALID_ARGUMENT",
            "next_rotation_time must be set",
        ),
        ("POST", f"{KEY}:encrypt", {"plaintext": "YQ==", "plaintextCrc32c": "1"}, "INVALID_ARGUMENT", "checksum"),
        ("POST", f"{KEY}:decrypt", {"ciphertext": "YQ=="}, "INVALID_ARGUMENT", "Decryption failed"),
        ("POST", f"{KEY}:decrypt", {"ciphertext": "?"}, "INVALID_ARGUMENT", "Base64 decoding failed"),
    ],
)
def test_refusals(keys: Emulator, method: str, path: str, body: Any, status: str, message: str) -> None:
    error = keys.http.request(method, path, json=body).json()["error"]
    assert error["status"] == status
    assert re.search(message, error["message"])


def test_what_is_encrypted_is_decrypted_by_its_key_alone(keys: Emulator) -> None:
    body = {"purpose": "ENCRYPT_DECRYPT"}
    assert keys.http.post(f"{LOCATION}/keyRings/ring/cryptoKeys?cryptoKeyId=other", json=body).is_success
    sealed = keys.http.post(f"{KEY}:encrypt", json=encoded(b"a data key")).json()
    assert sealed["verifiedPlaintextCrc32c"] is True
    assert b"a data key" not in base64.b64decode(sealed["ciphertext"])
    ask = {"ciphertext": sealed["ciphertext"], "ciphertextCrc32c": sealed["ciphertextCrc32c"]}
    opened = keys.http.post(f"{KEY}:decrypt", json=ask).json()
    assert {name: opened[name] for name in encoded(b"")} == encoded(b"a data key")
    other = KEY.replace("/key", "/other").replace("/otherRings", "/keyRings")
    assert keys.http.post(f"{other}:decrypt", json=ask).status_code == 400


def test_a_policy_has_an_etag(keys: Emulator) -> None:
    policy = keys.http.get(f"{KEY}:getIamPolicy").json()
    binding = {"role": "roles/cloudkms.cryptoKeyDecrypter", "members": ["user:ada@example.com"]}
    written = keys.http.post(f"{KEY}:setIamPolicy", json={"policy": {**policy, "bindings": [binding]}}).json()
    assert written["bindings"] == [binding]
    stale = keys.http.post(f"{KEY}:setIamPolicy", json={"policy": policy})
    assert stale.json()["error"]["status"] == "ABORTED"
