"""Secrets for examples, all made up. They stand here once, so that looking for secrets in this tree finds no other."""

PASSWORD = "Zx81qwert"  # auditor:allow secret reason=made up  # noqa: S105 - so it is
TOKEN = "7f3kQz81LmNw02RtYb5v"  # auditor:allow secret reason=made up  # noqa: S105 - so it is
