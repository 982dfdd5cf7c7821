variable "name" {}
variable "extra" {
  type = object({ size = number, colour = optional(string, "red") })
}
module "inner" {
  source = "../leaf"
  name   = "${var.name}-inner"
  extra  = { size = var.extra.size + 1 }
}
locals {
  both = [module.inner.result.name, var.extra.colour]
}
output "result" {
  value = merge(module.inner.result, { both = local.both })
}
