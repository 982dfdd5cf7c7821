"""Terraform's language, read and evaluated without Terraform: `.tf` and `.tf.json` files as a plan-shaped document.

`cursor.py`, `parse.py`, `parse_expressions.py` and `parse_json.py` read files into the nodes of `syntax.py` and
`expressions.py`. `load.py` puts the files of a folder together to a module, `variables.py` finds the values of its
variables. `scope.py` evaluates a module's instances, `resources.py` those of its resources, with the `functions/`
of the language. `document.py` writes what came of it in the form of `terraform show -json`, so that the conversion
of plans serves files, too. `places.py` tells where each address was written, `exceptions.py` reads what comments
accept.

What cannot be evaluated is `Unknown`, with its cause in words, never a guess.

This package may import `auditor.sources` and nothing above it.
"""
