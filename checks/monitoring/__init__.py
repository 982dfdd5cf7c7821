"""Monitoring: whether somebody is told when a thing happens that an attacker or an outage brings about."""
