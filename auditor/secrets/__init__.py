"""Secret detectors over text. Imports nothing else of the auditor.

    scan_text(text)         # a script, a file, a log line
    scan_value(name, value) # an environment variable, a metadata item

Both give `Hit`s: which detector, where, how long, and a digest to recognise the same secret elsewhere;
never the secret or a part of it. `patterns.py` is the table of detectors that know a credential by its
shape, `assignments.py` finds values by the names they are given to.
"""

from __future__ import annotations

from auditor.secrets.patterns import DETECTORS, Detector
from auditor.secrets.scan import ALL_DETECTORS, SALT, Hit, digest_of, scan_text, scan_value

__all__ = ["ALL_DETECTORS", "DETECTORS", "SALT", "Detector", "Hit", "digest_of", "scan_text", "scan_value"]
