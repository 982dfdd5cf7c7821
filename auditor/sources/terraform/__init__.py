"""Terraform's view of Google Cloud resources, converted to what Google's APIs would return.

`plan.py` reads a plan, `references.py` follows its references, `names.py` builds full resource names and ancestors.
The tables in `types/` say how each Terraform type becomes an asset; `mapping.py` is what they are made of, `walk.py`
applies them. `parts.py` puts rules and list entries into the resource they are part of, `iam.py` folds IAM resources
into policies.
"""
