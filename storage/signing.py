"""Private keys that sign certificates: one file each, which nobody but its owner reads.

They are in no backup: whoever finds a backup could otherwise sign in an office's name. What is
lost with them is only that they sign; public keys are rows, and verify for as long as those last.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from storage.files import sync_folder

SIGNATURE: Final = 64
"""Bytes of an Ed25519 signature."""


class NoKey(LookupError):
    """The private half of a key is not on this machine."""


class SigningKeys:
    """A folder of private keys, each named by its public half."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> bytes:
        """Make a key; returns its public half. When it returns, the key survives a power cut."""
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        written = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(self._path(public), flags, 0o600), "wb") as out:
            out.write(written)
            out.flush()
            os.fsync(out.fileno())
        sync_folder(self.folder)
        return public

    def holds(self, public: bytes) -> bool:
        """Whether this machine can sign with a key."""
        return self._path(public).exists()

    def sign(self, public: bytes, data: bytes) -> bytes:
        """The signature of `data`. Raises `NoKey` if the private half is not here."""
        try:
            written = self._path(public).read_bytes()
        except FileNotFoundError:
            raise NoKey(key_name(public)) from None
        private = serialization.load_pem_private_key(written, None)
        if not isinstance(private, Ed25519PrivateKey):
            raise NoKey(key_name(public))
        return private.sign(data)

    def _path(self, public: bytes) -> Path:
        return (self.folder / key_name(public)).with_suffix(".pem")


def key_name(public: bytes) -> str:
    """How a key is named to people: 16 hexadecimal digits."""
    return hashlib.sha256(public).hexdigest()[:16]


def verify(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether `signature` is that of `data` by the key with this public half."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except InvalidSignature:
        return False
    return True
