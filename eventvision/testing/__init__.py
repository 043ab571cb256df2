"""Contracts that plug-ins can be held to; each is a package of its own, such as `device_contract`.

They need no test runner: a contract is a table of rules, and a rule is a sentence and a function.
"""

__all__: list[str] = []
