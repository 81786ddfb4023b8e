import time

import pytest

from engine.adapters.passwords import Passwords


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords()


def test_a_password_opens_its_own_hash_only(passwords: Passwords) -> None:
    kept = passwords.hash("correct horse")
    assert passwords.verify(kept, "correct horse")
    assert not passwords.verify(kept, "wrong horse")
    assert not passwords.verify("not a hash", "correct horse")
    assert passwords.hash("correct horse") != kept


def test_the_hash_states_todays_cost(passwords: Passwords) -> None:
    kept = passwords.hash("correct horse")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.needs_rehash(kept)
    assert passwords.needs_rehash(Passwords(time_cost=1, memory_cost_kib=8).hash("correct horse"))


def test_nobodys_password_opens_nothing(passwords: Passwords) -> None:
    assert not passwords.verify(None, "a password that nobody has")


def test_an_unknown_account_takes_as_long_as_a_wrong_password(passwords: Passwords) -> None:
    kept = passwords.hash("correct horse")

    def fastest(password_hash: str | None) -> float:
        times = []
        for _ in range(7):
            began = time.process_time()
            passwords.verify(password_hash, "wrong horse")
            times.append(time.process_time() - began)
        return min(times)

    assert 0.5 < fastest(None) / fastest(kept) < 2.0
