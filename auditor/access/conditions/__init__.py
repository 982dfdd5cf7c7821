"""IAM conditions: a three-valued evaluator of the part of CEL that Google's reference gives to them.

`evaluate` asks a condition of a `Request`, `window` tells from when until when it can be met, `tautology` whether it
says anything at all. The evaluator is ours because no library tells what it could not know.

lexer → syntax (a tree) → compiler (closures; operators, functions and attributes are tables) → evaluate; values and
logic say what is known of a part, support which resource provides which attribute.
May import: auditor.access.truth, nothing else of the project.

Sources: cloud.google.com/iam/docs/conditions-overview, cloud.google.com/iam/docs/conditions-attribute-reference,
github.com/google/cel-spec/blob/master/doc/langdef.md
"""

from auditor.access.conditions.evaluate import evaluate
from auditor.access.conditions.request import PolicyKind, Request
from auditor.access.conditions.support import condition_name
from auditor.access.conditions.window import Window, tautology, window

__all__ = ["PolicyKind", "Request", "Window", "condition_name", "evaluate", "tautology", "window"]
