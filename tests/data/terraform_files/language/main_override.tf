resource "terraform_data" "set" {
  input = upper(each.value)
}
