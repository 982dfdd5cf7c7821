"""The command line: one file per command, thin. Nothing but click is imported before a command runs."""
def main() -> None:
    pass
