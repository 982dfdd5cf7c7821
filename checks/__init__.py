"""The check modules: a folder an area, a module a topic. Imports `auditor` and nothing beside it."""
