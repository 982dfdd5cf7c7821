"""A live estate, read through Google's clients: the bulk from Cloud Asset Inventory, the rest service by service.

Collectors declare what they call, which permission that needs and which assets it yields; `auditor permissions` and
the choice of what to collect are made from these declarations. `google.*` is imported inside of functions only, so
that the declarations can be read without the clients. May import `auditor.sources`, `auditor.resources`,
`auditor.model`; nothing of the engine, the checks or the command line.
"""
