"""Compute Engine: virtual machines and their templates, and what a project gives to all its machines."""
