"""Passwords as argon2id hashes: two passes over 19 MiB, about 30 ms on one core."""

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

_NOBODYS = "a password that nobody has"


class Passwords:
    """Hashes and checks passwords. Each call keeps one core busy: not for the greenlets that carry audio."""

    def __init__(self, *, time_cost: int = 2, memory_cost_kib: int = 19 * 1024) -> None:
        """The defaults are the OWASP recommendation; tests take less."""
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_cost_kib, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
        )
        self._nobodys_hash = self._hasher.hash(_NOBODYS)

    def hash(self, password: str) -> str:
        """A new salted hash, in the form that carries its own parameters."""
        return self._hasher.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password belongs to the hash.

        password_hash: None where the account is unknown; that takes as long as a wrong password and is always False.
        """
        try:
            matches = self._hasher.verify(password_hash or self._nobodys_hash, password)
        except (VerificationError, InvalidHashError):
            return False
        return matches and password_hash is not None

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)
