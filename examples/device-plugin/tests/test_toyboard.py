"""The board keeps the contract that every device keeps."""

from __future__ import annotations

import pytest

from eventvision.testing.device_contract import RULES


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_board_keeps_the_contract(rule):
    rule.check("toyboard", "digits-nano")
