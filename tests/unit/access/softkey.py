"""A passkey made of software: it answers offers and questions as a browser with its authenticator would (WebAuthn)."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "==")


class SoftKey:
    """One key for one site. `counter` is what it says of how often it was used."""

    def __init__(self, origin: str = "http://localhost:8080", host: str = "localhost") -> None:
        self.origin, self.host = origin, host
        self.secret = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.handle = b""
        self.counter = 0
        self.flags = PRESENT | VERIFIED

    def made(self, offer: dict[str, Any]) -> str:
        """The answer to an offer."""
        self.handle = decoded(offer["user"]["id"])
        numbers = self.secret.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        held = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(public)
        data = self._data(self.flags | ATTESTED) + held
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", offer["challenge"])
        return self._sent({"attestationObject": encoded(attestation), "clientDataJSON": encoded(client)})

    def answered(self, question: dict[str, Any], **changed: Any) -> str:
        """The answer to a question; it counts up."""
        self.counter += 1
        data, client = self._data(self.flags), self._client("webauthn.get", question["challenge"])
        signature = self.secret.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "authenticatorData": encoded(data), "clientDataJSON": encoded(client),
            "signature": encoded(signature), "userHandle": encoded(self.handle),
        }  # fmt: skip
        return self._sent(response | changed)

    def _data(self, flags: int) -> bytes:
        return sha256(self.host.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _client(self, type: str, challenge: str) -> bytes:
        said = {"type": type, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _sent(self, response: dict[str, Any]) -> str:
        id = encoded(self.id)
        return json.dumps({"id": id, "rawId": id, "type": "public-key", "response": response})
