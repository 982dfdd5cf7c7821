"""Conditions that ask for tags of the resource: which keys they name.

Source: cloud.google.com/iam/docs/conditions-attribute-reference#resource-tags
"""

from __future__ import annotations

import re

_TAG_KEY = re.compile(r"""\bresource\.(?:matchTag|matchTagId|hasTagKey|hasTagKeyId)\(\s*["']([^"']+)["']""")


def tag_keys(condition: str) -> list[str]:
    """The keys that a condition asks for: `123/env`, `project/env`, `tagKeys/456`."""
    return list(dict.fromkeys(_TAG_KEY.findall(condition)))


def asks_for_tags(condition: str) -> bool:
    """Whether a condition asks for a tag of the resource."""
    return _TAG_KEY.search(condition) is not None
