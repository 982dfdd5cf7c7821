"""Who can do what: members, roles, grants, conditions, denials and boundaries; and who can come to control what.

`effective.py` is the way in (`EffectiveAccess`), `collect.py` builds its world from lines of an export, `truth.py`
holds the three-valued answer that everything here gives. `conditions/` evaluates IAM conditions, `control/` finds the
paths to control.
Imports `auditor.resources`, `auditor.data`, `auditor.model`, what reads files (`auditor.sources`) and the detectors of
`auditor.secrets`; knows no check and no report.
"""
