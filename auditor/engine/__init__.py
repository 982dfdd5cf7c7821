"""The audit engine: map (stream every line through its type's checks), merge, judge (what needs the estate).

Knows nothing of any single check or report format. `scan.py` is the way in.
"""
