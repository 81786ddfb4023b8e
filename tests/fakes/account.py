"""An account that remembers what was charged to it."""

from engine.ports import Usage


class CountingAccount:
    """engine.ports.Account"""

    def __init__(self) -> None:
        self.usages: list[Usage] = []
        self.has_money = True

    def spent(self, usage: Usage) -> None:
        self.usages.append(usage)

    def may_spend(self) -> bool:
        return self.has_money
