"""What leaves the process: verdicts, findings, coverage, the run, and their schema.

Imports nothing else of the auditor, so that report formats can stand on it alone.
"""
