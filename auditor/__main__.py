"""`python -m auditor` is `auditor`."""

from auditor.cli import entry

if __name__ == "__main__":
    entry()
