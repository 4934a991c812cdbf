"""What must come back unread and unchanged: AES-256-GCM over small things, each for one purpose only."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE: Final = 12


class Seal:
    """Encrypts with one of the clinic's keys. What was sealed for one purpose does not open for another."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, purpose: str, plain: bytes) -> bytes:
        """`plain`, encrypted: a nonce, then text and tag."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes | None:
        """The plain bytes again, None if they are not ours, were altered, or are of another purpose."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode())
        except (InvalidTag, ValueError):
            return None

    def text(self, purpose: str, plain: bytes) -> str:
        """The same for a cookie."""
        return urlsafe_b64encode(self.close(purpose, plain)).rstrip(b"=").decode()

    def untext(self, purpose: str, text: str) -> bytes | None:
        """What `text` made, or None."""
        try:
            return self.open(purpose, urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except ValueError:
            return None
