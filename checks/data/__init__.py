"""Data services: who can read datasets, messages, artifacts and caches, and how they are protected."""
