"""Audit logging: what is recorded, where the record goes, and who could make it disappear."""
