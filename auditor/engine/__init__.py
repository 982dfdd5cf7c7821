"""The audit engine: map (stream every line through its type's checks), merge, judge (what needs the estate).

`scan.py` is the way in; `mapper.py` and `judge.py` are the two phases; `precedents.py` lets assets that look
alike share verdicts. Knows nothing of any single check or report format; may import all of the auditor but the
command line.
"""
