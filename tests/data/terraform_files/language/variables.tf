variable "greeting" {
  type    = string
  default = "hello"
}

variable "number" {
  type = number
}

variable "object" {
  type = object({
    name  = string
    size  = optional(number, 5)
    tags  = optional(map(string), { k = "v" })
    inner = optional(object({ on = optional(bool, true) }), {})
    none  = optional(string)
  })
}

variable "listed" {
  type    = list(string)
  default = [1, true, "x"]
}
