"""The organisation's guardrails: policies that keep problems from being made, contacts, and services in use.

`guardrails` says what a guardrail is and makes a check of one, `constraints` is the table of them; `identity`,
`exposure`, `machines` and `data` ask for each, `policies` finds what undoes them below the organisation.
"""
