"""Whom the ranges of a firewall rule mean: strangers, or Google's load balancers."""

from __future__ import annotations

import pytest

from auditor import Undetermined
from auditor.access.control.firewalls import Visitor

STRANGER, FRONT_END = Visitor(22), Visitor(80, front_end=True)


@pytest.mark.parametrize(
    ("visitor", "ranges", "let_in"),
    [
        (STRANGER, ["0.0.0.0/0"], True),
        (STRANGER, ["203.0.113.0/24"], False),
        (STRANGER, ["::/0"], False),
        (STRANGER, ["anywhere", "0.0.0.0/0"], True),
        (FRONT_END, ["35.191.4.0/24"], True),
        (FRONT_END, ["10.0.0.0/8", "2600:2d00:1:1::/64"], False),
        (FRONT_END, ["load balancers", "130.211.0.0/22"], True),
    ],
)
def test_ranges_that_let_in(visitor: Visitor, ranges: list[str], let_in: bool) -> None:
    assert visitor.is_let_in(ranges, 4) is let_in


def test_only_all_front_ends_are_kept_out() -> None:
    assert FRONT_END.is_kept_out(["0.0.0.0/0"], 4)
    assert not FRONT_END.is_kept_out(["35.191.0.0/16"], 4)


@pytest.mark.parametrize("visitor", [STRANGER, FRONT_END])
def test_what_is_no_range_may_let_in(visitor: Visitor) -> None:
    with pytest.raises(Undetermined, match="is no range of addresses"):
        visitor.is_let_in(["load balancers"], 4)
