"""Who can come to control what: the escalation catalogue as a graph over an estate, and the paths through it.

`ways.py` is the way in for checks (`WaysToControl`), `search.py` for commands. `escalation.py` draws the graph
(`control_graph.py`) from a world's bindings and groups, from what runs (`inventory.py`) and from where outsiders get in
(`entry_points.py` and what it asks); `doubts.py` notes what may be a link and is not known. `graph.py`, `reach.py`,
`rules.py`, `paths.py` and `cuts.py` are algorithms that know nothing of IAM.
Imports the rest of `auditor.access`, which does not import it.
"""
