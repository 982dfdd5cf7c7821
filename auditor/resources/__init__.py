"""Typed views of assets, decoded straight from Cloud Asset Inventory JSON.

A view declares only the fields that checks read, with the defaults that the API documents; what
is unknown raises `Undetermined` when read. One module per service. Imports nothing of the
auditor outside this package but `auditor.completeness`.
"""
