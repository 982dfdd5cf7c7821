# The same estate as plan.json, which is what Terraform plans for it, and assets.ndjson, which Google would export.
variable "zone" {
  default = "europe-west1-b"
}

locals {
  open = { "0.0.0.0/0" = ["22", "3389"] }
}

provider "google" {
  project = "acme-prod"
  region  = trimsuffix(var.zone, "-b")
}

resource "google_storage_bucket" "good" {
  name                        = "acme-good"
  location                    = "EU"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  versioning {
    enabled = true
  }
  logging {
    log_bucket = "acme-logs"
  }
}

resource "google_storage_bucket" "bad" {
  name                        = "acme-${"bad"}"
  location                    = "eu"
  uniform_bucket_level_access = "false"
}

resource "google_storage_bucket_iam_member" "public" {
  bucket = google_storage_bucket.bad.name
  role   = "roles/storage.objectViewer"
  member = "allUsers"
}

resource "google_compute_network" "net" {
  name                    = "net"
  auto_create_subnetworks = !true
}

resource "google_compute_subnetwork" "sub" {
  name                     = "sub"
  network                  = google_compute_network.net.id
  ip_cidr_range            = cidrsubnet("10.0.0.0/8", 16, 1)
  private_ip_google_access = true
  log_config {
    flow_sampling = 1
  }
}

resource "google_compute_firewall" "open" {
  name          = "open"
  network       = google_compute_network.net.name
  direction     = "INGRESS"
  source_ranges = keys(local.open)
  dynamic "allow" {
    for_each = local.open
    content {
      protocol = "tcp"
      ports    = [for port in allow.value : tonumber(port)]
    }
  }
}

resource "google_compute_instance" "vm" {
  name         = "vm"
  zone         = var.zone
  machine_type = "e2-micro"
  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
    }
  }
  network_interface {
    network = "default"
    access_config {
      nat_ip = "203.0.113.7"
    }
  }
  metadata = {
    enable-oslogin     = true
    serial-port-enable = "TRUE"
  }
  service_account {
    email  = "vm@acme-prod.iam.gserviceaccount.com"
    scopes = ["cloud-platform"]
  }
}

resource "google_kms_key_ring" "ring" {
  name     = "ring"
  location = "europe-west1"
}

resource "google_kms_crypto_key" "key" {
  name            = "key"
  key_ring        = google_kms_key_ring.ring.id
  rotation_period = "${90 * 24 * 3600}s"
  purpose         = "ENCRYPT_DECRYPT"
}

resource "google_pubsub_topic" "topic" {
  name         = "topic"
  kms_key_name = google_kms_crypto_key.key.id
}

resource "google_service_account" "app" {
  account_id   = "app"
  display_name = "The application"
}

resource "google_project_iam_member" "owner" {
  project = "acme-prod"
  role    = "roles/owner"
  member  = google_service_account.app.member
}

resource "google_secret_manager_secret" "secret" {
  secret_id = "secret"
  replication {
    auto {}
  }
}

resource "google_dns_managed_zone" "zone" {
  name     = "zone"
  dns_name = "example.com."
  dnssec_config {
    state = "off"
  }
}

resource "google_logging_project_sink" "sink" {
  name                   = "sink"
  destination            = "storage.googleapis.com/${google_storage_bucket.good.name}"
  unique_writer_identity = true
}

resource "google_artifact_registry_repository" "repo" {
  repository_id = "repo"
  location      = "europe-west1"
  format        = "DOCKER"
}
