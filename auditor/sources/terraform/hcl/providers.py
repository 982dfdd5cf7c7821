"""Which provider configuration a resource uses, and what that sets: project, region, zone.

Source: developer.hashicorp.com/terraform/language/providers/configuration, …/language/modules/develop/providers
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sources.terraform.hcl.expressions import Attr, Name, Node
from auditor.sources.terraform.hcl.scope import ModuleInstance
from auditor.sources.terraform.hcl.values import Value

if TYPE_CHECKING:
    from auditor.sources.terraform.hcl.resources import Instance


def named(node: Node | None) -> str:
    """The provider that an expression names: `google`, `google.other`; `""` where it names none."""
    if isinstance(node, Attr) and isinstance(node.object, Name):
        return f"{node.object.name}.{node.name}"
    return (node.plain() or "") if node is not None else ""


def provider_of(instance: Instance) -> str:
    """The provider of a resource, as its module calls it."""
    return named(instance.block.body.node("provider")) or instance.kind.partition("_")[0]


def provider_value(instance: Instance, argument: str) -> Value:
    """What the provider of a resource is configured with; None where the files do not tell."""
    return configured(instance.module, provider_of(instance), argument)


def configured(module: ModuleInstance, provider: str, argument: str) -> Value:
    """An argument of a provider as seen from a module: its own, the one passed to it, or the one it inherits."""
    current: ModuleInstance | None = module
    for _ in range(100):
        if current is None:
            return None
        name, _, alias = provider.partition(".")
        for block in current.module.providers:
            written = block.body.node("alias")
            if block.labels == [name] and ((written.plain() or "") if written is not None else "") == alias:
                node = block.body.node(argument)
                return current.guarded(node, current, block.place) if node is not None else None
        if provider in current.providers:
            current, provider = current.providers[provider]
        elif alias:
            return None
        else:
            current = current.parent
    return None
