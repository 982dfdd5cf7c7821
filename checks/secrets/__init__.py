"""Secrets: written where everyone can read them, and how Secret Manager keeps the others.

`holding` makes a check of a place that may hold secrets; `pipelines`, `containers` and `records` are tables of such
places, `workloads` and `machines` the ones with rules of their own. `places` words what was found.
"""
