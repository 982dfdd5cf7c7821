"""Billing: whether somebody notices when the estate begins to cost more than was planned."""
