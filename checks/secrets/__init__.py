"""Secrets: written where everyone can read them, and how Secret Manager keeps the others."""
