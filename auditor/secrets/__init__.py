"""Secret detectors over text. Imports nothing else of the auditor.

    scan_text(text)         # a script, a file, a log line
    scan_value(name, value) # an environment variable, a metadata item

Both give `Hit`s: which detector, where, how long, and a digest to recognise the same secret elsewhere;
never the secret or a part of it.

- `prefilter` finds in plain searches what is worth a closer look;
- `google`, `pem`, `vendors`, `generic` are tables of detectors that know a credential by its shape (`detector` says
  what a detector is), `patterns` joins them;
- `assignments` finds values by the names they are given to, `named` adds whose they are, `names` and `values` say
  which names promise a secret and which values only stand in its place;
- `suspects` names the lines that somebody else should look at: those with hits, and those with telling names;
- `allow` reads the comments with which owners allow a secret where it stands.
"""

from __future__ import annotations

from auditor.secrets.detector import Detector
from auditor.secrets.patterns import DETECTORS, RESTRICTABLE
from auditor.secrets.scan import ALL_DETECTORS, SALT, Hit, digest_of, scan_text, scan_value, surely_clean, use_salt

__all__ = [
    "ALL_DETECTORS",
    "DETECTORS",
    "RESTRICTABLE",
    "SALT",
    "Detector",
    "Hit",
    "digest_of",
    "scan_text",
    "scan_value",
    "surely_clean",
    "use_salt",
]
