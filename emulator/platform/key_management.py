"""Cloud Key Management Service: key rings, symmetric keys, their policies, and what they encrypt.

Only the REST API. The engine's own `gcpkms://` provider speaks gRPC to a host that nothing can redirect.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import google_crc32c
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.responses import JSONResponse
from starlette.routing import Route

from emulator import clock
from emulator.errors import ServiceError
from emulator.paging import page
from emulator.payload import json_object, masked_fields

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from emulator.services import Services

API: Final = "cloudkms.googleapis.com"
_RINGS: Final = "key_rings"
_KEYS: Final = "crypto_keys"
_MATERIAL: Final = "crypto_key_material"
_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,63}")  # source: CreateKeyRingRequest.key_ring_id
_PURPOSE: Final = "ENCRYPT_DECRYPT"
_SETTABLE: Final = ("labels", "nextRotationTime", "rotationPeriod")
_SHORTEST_ROTATION: Final = 86_400  # seconds; source: CryptoKey.rotation_period
_LONGEST_PLAINTEXT: Final = 65_536  # bytes; source: EncryptRequest.plaintext
_NONCE: Final = 12  # bytes, as AES-GCM wants it


class _KeyManagement:
    def __init__(self, services: Services) -> None:
        self._documents = services.documents
        self._policies = services.iam

    async def create_ring(self, request: Request) -> JSONResponse:
        name = f"{_location(request)}/keyRings/{_new_id(request, 'keyRingId')}"
        ring = {"name": name, "createTime": clock.timestamp()}
        with self._documents.transaction():
            if self._documents.get(_RINGS, name) is not None:
                raise ServiceError("ALREADY_EXISTS", f"KeyRing {name} already exists.")
            self._documents.put(_RINGS, name, ring)
        return JSONResponse(ring)

    async def get_ring(self, request: Request) -> JSONResponse:
        return JSONResponse(self._ring(request))

    async def list_rings(self, request: Request) -> JSONResponse:
        return self._page(request, "keyRings", _RINGS, f"{_location(request)}/keyRings/")

    async def create_key(self, request: Request) -> JSONResponse:
        name = f"{self._ring(request)['name']}/cryptoKeys/{_new_id(request, 'cryptoKeyId')}"
        body = await json_object(request)
        if body.get("purpose") != _PURPOSE:
            raise ServiceError("INVALID_ARGUMENT", f"The emulator has keys of the purpose {_PURPOSE} alone.")
        key = _checked({field: body[field] for field in _SETTABLE if body.get(field)})
        now = clock.timestamp()
        template = {"protectionLevel": "SOFTWARE", "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"}
        primary = {"name": f"{name}/cryptoKeyVersions/1", "state": "ENABLED", "createTime": now, "generateTime": now}
        key |= {
            "name": name,
            "purpose": _PURPOSE,
            "createTime": now,
            "primary": primary | template,
            "versionTemplate": template,
            "destroyScheduledDuration": "2592000s",
        }
        with self._documents.transaction():
            if self._documents.get(_KEYS, name) is not None:
                raise ServiceError("ALREADY_EXISTS", f"CryptoKey {name} already exists.")
            self._documents.put(_KEYS, name, key)
            material = base64.b64encode(AESGCM.generate_key(256)).decode()
            self._documents.put(_MATERIAL, primary["name"], {"key": material})
        return JSONResponse(key)

    async def get_key(self, request: Request) -> JSONResponse:
        return JSONResponse(self._key(request))

    async def list_keys(self, request: Request) -> JSONResponse:
        return self._page(request, "cryptoKeys", _KEYS, f"{self._ring(request)['name']}/cryptoKeys/")

    async def patch_key(self, request: Request) -> JSONResponse:
        body = await json_object(request)
        named = masked_fields(request.query_params.get("updateMask", ""))
        if not named or not set(named) <= set(_SETTABLE):
            raise ServiceError("INVALID_ARGUMENT", f"The update mask must name some of: {', '.join(_SETTABLE)}.")
        with self._documents.transaction():
            key = {field: value for field, value in self._key(request).items() if field not in named}
            key = _checked(key | {field: body[field] for field in named if body.get(field)})
            self._documents.put(_KEYS, key["name"], key)
        return JSONResponse(key)

    async def get_policy(self, request: Request) -> JSONResponse:
        return JSONResponse(self._policies.get(self._policy_name(request)))

    async def set_policy(self, request: Request) -> JSONResponse:
        policy = (await json_object(request)).get("policy", {})
        return JSONResponse(self._policies.set(self._policy_name(request), policy))

    async def encrypt(self, request: Request) -> JSONResponse:
        key, body = self._key(request), await json_object(request)
        plaintext = _bytes(body, "plaintext")
        if len(plaintext) > _LONGEST_PLAINTEXT:
            raise ServiceError("INVALID_ARGUMENT", f"plaintext must be at most {_LONGEST_PLAINTEXT} bytes.")
        _verify(body, "plaintextCrc32c", plaintext)
        name, nonce = key["primary"]["name"], secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher(name).encrypt(nonce, plaintext, _bytes(body, "additionalAuthenticatedData"))
        return JSONResponse(
            {
                "name": name,
                "ciphertext": base64.b64encode(sealed).decode(),
                "ciphertextCrc32c": _crc32c(sealed),
                "verifiedPlaintextCrc32c": "plaintextCrc32c" in body,
                "protectionLevel": "SOFTWARE",
            }
        )

    async def decrypt(self, request: Request) -> JSONResponse:
        key, body = self._key(request), await json_object(request)
        sealed = _bytes(body, "ciphertext")
        _verify(body, "ciphertextCrc32c", sealed)
        try:
            extra = _bytes(body, "additionalAuthenticatedData")
            plaintext = self._cipher(key["primary"]["name"]).decrypt(sealed[:_NONCE], sealed[_NONCE:], extra)
        except (InvalidTag, ValueError) as error:
            message = "Decryption failed: verify that 'name' refers to the correct CryptoKey."
            raise ServiceError("INVALID_ARGUMENT", message) from error
        return JSONResponse(
            {
                "plaintext": base64.b64encode(plaintext).decode(),
                "plaintextCrc32c": _crc32c(plaintext),
                "usedPrimary": True,
                "protectionLevel": "SOFTWARE",
            }
        )

    def _ring(self, request: Request) -> dict[str, Any]:
        return self._found(_RINGS, "KeyRing", f"{_location(request)}/keyRings/{request.path_params['ring']}")

    def _key(self, request: Request) -> dict[str, Any]:
        path = request.path_params
        return self._found(_KEYS, "CryptoKey", f"{_location(request)}/keyRings/{path['ring']}/cryptoKeys/{path['key']}")

    def _found(self, collection: str, kind: str, name: str) -> dict[str, Any]:
        document = self._documents.get(collection, name)
        if document is None:
            raise ServiceError("NOT_FOUND", f"{kind} {name} not found.")
        return document

    def _page(self, request: Request, name: str, collection: str, prefix: str) -> JSONResponse:
        found = [document for _, document in self._documents.list(collection, prefix)]
        return JSONResponse({**page(name, found, request, default=100, limit=1000), "totalSize": len(found)})

    def _policy_name(self, request: Request) -> str:
        return f"cryptoKeys/{self._key(request)['name']}"

    def _cipher(self, version: str) -> AESGCM:
        return AESGCM(base64.b64decode(self._found(_MATERIAL, "CryptoKeyVersion", version)["key"]))


def routes(services: Services) -> list[Route]:
    """`/kms/v1/projects/…/locations/…/keyRings`, as far as the API is enabled in that project."""
    api = _KeyManagement(services)
    rings = "/kms/v1/projects/{project}/locations/{location}/keyRings"
    ring = f"{rings}/{{ring}}"
    keys = f"{ring}/cryptoKeys"
    key = f"{keys}/{{key}}"
    served: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("GET", rings, api.list_rings),
        ("POST", rings, api.create_ring),
        ("GET", ring, api.get_ring),
        ("GET", keys, api.list_keys),
        ("POST", keys, api.create_key),
        ("GET", f"{key}:getIamPolicy", api.get_policy),
        ("POST", f"{key}:setIamPolicy", api.set_policy),
        ("POST", f"{key}:encrypt", api.encrypt),
        ("POST", f"{key}:decrypt", api.decrypt),
        ("GET", key, api.get_key),
        ("PATCH", key, api.patch_key),
    ]

    def enabled(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def only_then(request: Request) -> Response:
            services.service_usage.require(request.path_params["project"], API)
            return await answer(request)

        return only_then

    return [Route(path, enabled(answer), methods=[method]) for method, path, answer in served]


def _location(request: Request) -> str:
    return "projects/{project}/locations/{location}".format_map(request.path_params)


def _new_id(request: Request, parameter: str) -> str:
    wanted = request.query_params.get(parameter, "")
    if not _ID.fullmatch(wanted):
        raise ServiceError("INVALID_ARGUMENT", f"{parameter} must match the regular expression {_ID.pattern}.")
    return wanted


def _checked(key: dict[str, Any]) -> dict[str, Any]:
    """Refuses a rotation that is none. Source: the comments of CryptoKey.rotation_period and next_rotation_time."""
    period = str(key.get("rotationPeriod", ""))
    if not period:
        return key
    if not re.fullmatch(r"\d+(\.\d+)?s", period) or float(period[:-1]) < _SHORTEST_ROTATION:
        raise ServiceError("INVALID_ARGUMENT", "rotation_period must be at least 24 hours.")
    try:
        datetime.fromisoformat(str(key.get("nextRotationTime")))
    except ValueError as error:
        raise ServiceError("INVALID_ARGUMENT", "next_rotation_time must be set with rotation_period.") from error
    return key


def _bytes(body: dict[str, Any], field: str) -> bytes:
    try:
        return base64.b64decode(str(body.get(field, "")), validate=True)
    except binascii.Error as error:
        message = f"Invalid value at '{field}' (TYPE_BYTES), Base64 decoding failed."
        raise ServiceError("INVALID_ARGUMENT", message) from error


def _crc32c(content: bytes) -> str:
    return str(google_crc32c.value(content))


def _verify(body: dict[str, Any], field: str, content: bytes) -> None:
    if field in body and str(body[field]) != _crc32c(content):
        raise ServiceError("INVALID_ARGUMENT", f"The checksum in field {field} did not match the data.")
