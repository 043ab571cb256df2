"""What every device promises, as a table of rules that its authors can run.

With pytest, in a package of your own:

    import pytest
    from eventvision.testing.device_contract import RULES

    @pytest.mark.parametrize("rule", RULES, ids=str)
    def test_my_device_keeps_the_contract(rule):
        rule.check("my-device", "digits-nano")

Without: `python -m eventvision.testing.device_contract my-device`.
"""

from ._rule import BrokenRuleError, Rule, broken_rules
from ._rules import RULES

__all__ = [
    "RULES",
    "BrokenRuleError",
    "Rule",
    "broken_rules",
]
