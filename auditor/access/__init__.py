"""Who can do what: members, roles, grants, conditions, denials and boundaries, and the ways to control.

`effective.py` is the way in (`EffectiveAccess`), `collect.py` builds its world from lines of an export, `truth.py`
holds the three-valued answer that everything here gives. `conditions/` evaluates IAM conditions; `graph.py`,
`reach.py`, `paths.py` and `cuts.py` are algorithms that know nothing of IAM; `control.py` finds the paths.
Imports `auditor.resources`, `auditor.data` and `auditor.model`; knows no check and no report.
"""
