"""The organisation's guardrails: organisation policies that keep problems from being made."""
