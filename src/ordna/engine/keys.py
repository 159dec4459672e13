"""The keys that seal and open, for whoever sets an engine up."""

from __future__ import annotations

from ordna.store.sealing import KEY_FILE, Keyring, has_keys, keyring

__all__ = ["KEY_FILE", "Keyring", "has_keys", "keyring"]
