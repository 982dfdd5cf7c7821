"""The functions of Terraform's language, one module a section of its documentation; `registry.py` finds them.

A function takes and gives back values as `hcl/values.py` describes them and raises `Problem` where Terraform would
refuse its arguments. This package may import `hcl/values.py`, `hcl/operators.py`, `hcl/convert.py` and the parser.

Source: developer.hashicorp.com/terraform/language/functions
"""
