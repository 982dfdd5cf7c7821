# Every construct of the language once; expected.json has what Terraform 1.11 plans for it.
locals {
  names  = ["a", "b", "c"]
  people = { ann = { age = 30, tags = ["x", "y"] }, bob = { age = 25, tags = [] } }
  chain  = "${local.deeper}!"
  deeper = join("-", local.names)
  script = <<-EOT
    #!/bin/sh
      echo ${var.greeting}
    %{for n in local.names~}
    name ${n}
    %{endfor~}
    $${literal} %%{literal}
  EOT
  plain = <<EOT
  kept ${1 + 1}
   spaces
EOT
  nested = { for name, one in local.people : name => { for tag in one.tags : tag => upper(tag) } if one.age > 20 }
  pairs  = flatten([for name, one in local.people : [for tag in one.tags : { key = "${name}-${tag}", name = name }]])
}

resource "terraform_data" "plain" {
  input = {
    chain   = local.chain
    script  = local.script
    plain   = local.plain
    nested  = local.nested
    greet   = var.greeting
    number  = var.number
    object  = var.object
    listed  = var.listed
    files   = [for f in fileset(path.module, "modules/*/*.tf") : f]
    path    = path.module
    root    = path.root
    splat   = terraform_data.counted[*].input
    element = terraform_data.counted[1].input.index
    keys    = keys(terraform_data.each)
    outputs = module.one.result
    many    = [for m in module.many : m.result.name]
    by_key  = module.keyed["x y"].result
    cond    = var.number > 3 ? "large" : "small"
    text    = templatefile("${path.module}/greeting.tftpl", { name = "Ann", items = ["p", "q"] })
    json    = jsonencode({ b = [1, true, null], a = "<x>" })
    legacy  = local.people.ann.tags.0
    try     = try(local.people.eve.age, "nobody")
    for_if  = [for i, n in local.names : "${i}:${n}" if n != "b"]
    group   = { for n, p in local.people : (p.age > 26 ? "old" : "young") => n... }
  }
}

resource "terraform_data" "counted" {
  count = length(local.names) - 1
  input = { index = count.index, name = local.names[count.index] }
}

resource "terraform_data" "none" {
  count = var.number > 100 ? 1 : 0
  input = "never"
}

resource "terraform_data" "each" {
  for_each = { for pair in local.pairs : pair.key => pair }
  input    = "${each.key} of ${each.value.name}"
}

resource "terraform_data" "set" {
  for_each = toset(["q\"uote", "plain", "a.b", "ü"])
  input    = each.value
}

resource "terraform_data" "unknown" {
  input = {
    known   = "yes"
    applied = terraform_data.plain.id
    text    = "id-${terraform_data.plain.id}"
    some    = [terraform_data.plain.id, "b"]
    merged  = merge({ a = 1 }, { b = terraform_data.plain.id })
    length  = length([terraform_data.plain.id])
    chosen  = terraform_data.plain.id == "x" ? 1 : 2
    nothing = null
  }
}

module "one" {
  source = "./modules/outer"
  name   = "one"
  extra  = { size = 3 }
}

module "many" {
  source = "./modules/leaf"
  count  = 2
  name   = "many-${count.index}"
}

module "keyed" {
  source   = "./modules/leaf"
  for_each = { "x y" = 1, z = 2 }
  name     = "${each.key}${each.value}"
}
