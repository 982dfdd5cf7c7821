variable "name" {}
variable "extra" {
  type    = map(any)
  default = {}
}
resource "terraform_data" "leaf" {
  input = { name = var.name, extra = var.extra, module = path.module }
}
output "result" {
  value = { name = var.name, input = terraform_data.leaf.input, id = try(var.extra.size, 0) }
}
