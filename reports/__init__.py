"""The report generator: one module per format. Imports `auditor.model` and nothing else of the auditor."""
