"""What Security Command Center says beside what we say: the same problem by `same_as`, the same asset by its name.

`names` tells whether two names mean one asset, `opinions` reads findings and names from the sources, `comparison` sets
them beside the run. May import `auditor.model`, `auditor.sources.base`, `auditor.check`.
"""
