variable "project" {
  description = "The production project."
  type        = string
  default     = "lucky-gas-prod"
}

variable "project_number" {
  description = "Its number, for the service perimeter."
  type        = string
  default     = "701204118853"
}

variable "region" {
  description = "Everything that has a region is in this one."
  type        = string
  default     = "europe-west1"
}

variable "access_policy" {
  description = "Number of the organisation's access policy."
  type        = string
  default     = "402880117733"
}

variable "image_digests" {
  description = "Digests of the images that the release pipeline built, by service."
  type        = map(string)
  default = {
    "orders-api"      = "sha256:117d16480bc550b1b14ef8d31a7091be369fcdbc624894c62dc40aea235a243d"
    "dispatch-worker" = "sha256:44876908df1137a9ca6ab9130571cb9c3679faac7b2529ca961b5bb2005ef519"
    "settlement"      = "sha256:a75c433ab2ae1daf8b032d38bf64e02fb152076b487bfb2784d10e4cf1bba73a"
  }
}
