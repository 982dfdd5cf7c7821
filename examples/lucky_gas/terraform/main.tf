# Lucky Gas, production: everything that goes live on the day of the launch.

terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }

  backend "gcs" {
    bucket = "lucky-gas-terraform-state"
    prefix = "production"
  }
}

provider "google" {
  project = var.project
  region  = var.region
}

locals {
  images = "europe-west1-docker.pkg.dev/lucky-gas-shared/services"
  ci     = "serviceAccount:ci-deployer@lucky-gas-shared.iam.gserviceaccount.com"
  apis   = ["aiplatform.googleapis.com", "routes.googleapis.com", "run.googleapis.com", "secretmanager.googleapis.com", "sqladmin.googleapis.com"]
}

resource "google_project_service" "api" {
  for_each = toset(local.apis)

  service            = each.value
  disable_on_destroy = false
}

# --- Who the workloads are, and what they may do -----------------------------------------------------------------

resource "google_service_account" "orders_api" {
  account_id   = "orders-api"
  display_name = "orders-api on Cloud Run"
}

resource "google_service_account" "dispatch_worker" {
  account_id   = "dispatch-worker"
  display_name = "dispatch-worker on Cloud Run"
}

resource "google_service_account" "settlement_job" {
  account_id   = "settlement-job"
  display_name = "settlement-job on Cloud Run"
}

resource "google_service_account" "notify_customers" {
  account_id   = "notify-customers"
  display_name = "notify-customers function"
}

resource "google_service_account" "bastion" {
  account_id   = "bastion"
  display_name = "bastion"
}

resource "google_project_iam_member" "api_sql" {
  project = var.project
  role    = "roles/cloudsql.client"
  member  = google_service_account.orders_api.member
}

resource "google_project_iam_member" "worker_sql" {
  project = var.project
  role    = "roles/cloudsql.client"
  member  = google_service_account.dispatch_worker.member
}

resource "google_project_iam_member" "api_vertex" {
  project = var.project
  role    = "roles/aiplatform.user"
  member  = google_service_account.orders_api.member
}

resource "google_project_iam_member" "worker_secrets" {
  project = var.project
  role    = "roles/secretmanager.secretAccessor"
  member  = google_service_account.dispatch_worker.member
}

resource "google_project_iam_member" "engineers_run" {
  project = var.project
  role    = "roles/run.developer"
  member  = "group:engineers@lucky-gas.example"
}

resource "google_project_iam_member" "engineers_tokens" {
  project = var.project
  role    = "roles/iam.serviceAccountTokenCreator"
  member  = "group:engineers@lucky-gas.example"
}

# TODO narrow this down once the pipeline is stable
resource "google_project_iam_member" "ci" {
  project = var.project
  role    = "roles/editor"
  member  = local.ci
}

resource "google_project_iam_audit_config" "all" {
  project = var.project
  service = "allServices"

  audit_log_config {
    log_type = "ADMIN_READ"
  }

  audit_log_config {
    log_type = "DATA_WRITE"
  }

  audit_log_config {
    log_type         = "DATA_READ"
    exempted_members = [local.ci, "user:alex@lucky-gas.example"]
  }
}

resource "google_project_iam_custom_role" "dispatch_operator" {
  role_id     = "dispatchOperator"
  title       = "Dispatch operator"
  description = "Reads orders, restarts the worker"
  permissions = [
    "iam.serviceAccounts.actAs",
    "pubsub.subscriptions.get",
    "pubsub.subscriptions.list",
    "run.services.get",
    "run.services.list",
    "run.services.update",
  ]
}

# --- Network ---------------------------------------------------------------------------------------------------------

resource "google_compute_network" "prod" {
  name                    = "prod"
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "run" {
  name                     = "run-europe-west1"
  network                  = google_compute_network.prod.id
  ip_cidr_range            = "10.20.0.0/22"
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_5_SEC"
    flow_sampling        = 1
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_subnetwork" "ops" {
  name                     = "ops-europe-west1"
  network                  = google_compute_network.prod.id
  ip_cidr_range            = "10.20.4.0/24"
  private_ip_google_access = true
}

resource "google_compute_firewall" "iap_ssh" {
  name          = "allow-iap-ssh"
  network       = google_compute_network.prod.name
  source_ranges = ["35.235.240.0/20"]
  target_tags   = ["bastion"]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "internal_data" {
  name          = "allow-internal-data"
  network       = google_compute_network.prod.name
  source_ranges = [google_compute_subnetwork.run.ip_cidr_range, google_compute_subnetwork.ops.ip_cidr_range]

  allow {
    protocol = "tcp"
    ports    = ["5432", "6378", "6379"]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "vendor_ssh" {
  name          = "allow-vendor-ssh"
  description   = "Off since the migration"
  network       = google_compute_network.prod.name
  disabled      = true
  source_ranges = ["0.0.0.0/0"]
  target_tags   = ["bastion"]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}

resource "google_compute_firewall" "debug_ipv6" {
  name          = "debug-ipv6"
  description   = "Try from the train"
  network       = google_compute_network.prod.name
  source_ranges = ["::/0"]
  target_tags   = ["bastion"]

  allow {
    protocol = "tcp"
    ports    = ["22", "8080"]
  }
}

resource "google_compute_global_address" "services" {
  name          = "google-services"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  address       = "10.20.16.0"
  prefix_length = 20
  network       = google_compute_network.prod.id
}

resource "google_service_networking_connection" "services" {
  network                 = google_compute_network.prod.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.services.name]
}

# --- Keys, secrets, API keys -------------------------------------------------------------------------------------------

resource "google_kms_key_ring" "data" {
  name     = "data"
  location = var.region
}

resource "google_kms_crypto_key" "customer_data" {
  name            = "customer-data"
  key_ring        = google_kms_key_ring.data.id
  rotation_period = "7776000s"
}

resource "google_kms_crypto_key" "backups" {
  name     = "backups"
  key_ring = google_kms_key_ring.data.id
}

resource "google_kms_crypto_key" "delivery_notes" {
  name     = "delivery-note-signing"
  key_ring = google_kms_key_ring.data.id
  purpose  = "ASYMMETRIC_SIGN"

  version_template {
    algorithm = "EC_SIGN_P256_SHA256"
  }
}

resource "google_secret_manager_secret" "orders_db_password" {
  secret_id           = "orders-db-password"
  version_destroy_ttl = "604800s"

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  rotation {
    rotation_period    = "7776000s"
    next_rotation_time = "2027-01-02T09:00:00Z"
  }

  topics {
    name = google_pubsub_topic.secret_rotation.id
  }
}

resource "google_secret_manager_secret" "payment_token" {
  secret_id = "payment-provider-token"

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }
}

resource "google_secret_manager_secret_iam_member" "db_password_api" {
  secret_id = google_secret_manager_secret.orders_db_password.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.orders_api.member
}

resource "google_secret_manager_secret_iam_binding" "payment_token" {
  secret_id = google_secret_manager_secret.payment_token.secret_id
  role      = "roles/secretmanager.secretAccessor"
  members = [
    google_service_account.settlement_job.member,
    "group:engineers@lucky-gas.example",
    "group:support@lucky-gas.example",
    "domain:lucky-gas.example",
  ]
}

resource "google_apikeys_key" "storefront_map" {
  name         = "storefront-map"
  display_name = "Storefront map"

  restrictions {
    browser_key_restrictions {
      allowed_referrers = ["https://www.lucky-gas.example/*", "https://lucky-gas.example/*"]
    }

    api_targets {
      service = "maps-backend.googleapis.com"
    }

    api_targets {
      service = "places.googleapis.com"
    }
  }
}

resource "google_apikeys_key" "delivery_tracking" {
  name         = "delivery-tracking"
  display_name = "Delivery tracking page"

  restrictions {
    browser_key_restrictions {
      allowed_referrers = ["https://www.lucky-gas.example/*", "https://lucky-gas.example/*"]
    }
  }
}

resource "google_apikeys_key" "route_planner" {
  name         = "route-planner"
  display_name = "Route planner (server)"

  restrictions {
    server_key_restrictions {
      allowed_ips = ["0.0.0.0/0"]
    }

    api_targets {
      service = "routes.googleapis.com"
    }
  }
}

resource "google_apikeys_key" "assistant_vertex" {
  name                  = "assistant-vertex"
  display_name          = "Customer assistant"
  service_account_email = google_service_account.orders_api.email

  restrictions {
    api_targets {
      service = "aiplatform.googleapis.com"
    }
  }
}

# --- Data --------------------------------------------------------------------------------------------------------------

resource "google_sql_database_instance" "orders" {
  name                = "orders-db"
  database_version    = "POSTGRES_16"
  region              = var.region
  encryption_key_name = google_kms_crypto_key.customer_data.id
  deletion_protection = true

  settings {
    tier                        = "db-custom-4-16384"
    edition                     = "ENTERPRISE"
    availability_type           = "REGIONAL"
    deletion_protection_enabled = true
    retain_backups_on_delete    = true

    ip_configuration {
      ipv4_enabled                                  = false
      private_network                               = google_compute_network.prod.id
      ssl_mode                                      = "ENCRYPTED_ONLY"
      enable_private_path_for_google_cloud_services = true
    }

    backup_configuration {
      enabled                        = true
      start_time                     = "02:00"
      location                       = "eu"
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = 7

      backup_retention_settings {
        retained_backups = 30
      }
    }

    database_flags {
      name  = "cloudsql.iam_authentication"
      value = "on"
    }

    database_flags {
      name  = "log_checkpoints"
      value = "on"
    }

    database_flags {
      name  = "log_connections"
      value = "on"
    }

    database_flags {
      name  = "log_lock_waits"
      value = "on"
    }

    database_flags {
      name  = "log_temp_files"
      value = "0"
    }

    password_validation_policy {
      enable_password_policy = true
      min_length             = 14
      complexity             = "COMPLEXITY_DEFAULT"
    }

    insights_config {
      query_insights_enabled = true
    }
  }

  depends_on = [google_service_networking_connection.services]
}

resource "google_redis_instance" "sessions" {
  name                    = "sessions"
  display_name            = "Sessions and rate limits"
  tier                    = "STANDARD_HA"
  memory_size_gb          = 5
  redis_version           = "REDIS_7_2"
  authorized_network      = google_compute_network.prod.id
  connect_mode            = "PRIVATE_SERVICE_ACCESS"
  auth_enabled            = true
  transit_encryption_mode = "SERVER_AUTHENTICATION"
}

resource "google_redis_instance" "courier_positions" {
  name               = "courier-positions"
  display_name       = "Courier positions"
  memory_size_gb     = 1
  redis_version      = "REDIS_7_2"
  authorized_network = google_compute_network.prod.id
  connect_mode       = "PRIVATE_SERVICE_ACCESS"
}

resource "google_storage_bucket" "storefront" {
  name                        = "lucky-gas-storefront"
  location                    = "EU"
  uniform_bucket_level_access = true

  website {
    main_page_suffix = "index.html"
    not_found_page   = "index.html"
  }

  cors {
    origin          = ["https://www.lucky-gas.example"]
    method          = ["GET", "HEAD"]
    response_header = ["Content-Type"]
    max_age_seconds = 3600
  }

  labels = {
    content = "public-site"
  }
}

resource "google_storage_bucket_iam_member" "storefront_public" {
  bucket = google_storage_bucket.storefront.name
  role   = "roles/storage.objectViewer"
  member = "allUsers"
}

resource "google_storage_bucket" "customer_photos" {
  name                        = "lucky-gas-customer-photos"
  location                    = "EUROPE-WEST1"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  encryption {
    default_kms_key_name = google_kms_crypto_key.customer_data.id
  }

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      num_newer_versions = 3
      with_state         = "ARCHIVED"
    }
  }

  logging {
    log_bucket        = google_storage_bucket.access_logs.name
    log_object_prefix = "customer-photos"
  }
}

resource "google_storage_bucket_iam_member" "photos_api" {
  bucket = google_storage_bucket.customer_photos.name
  role   = "roles/storage.objectUser"
  member = google_service_account.orders_api.member
}

resource "google_storage_bucket" "delivery_notes" {
  name                        = "lucky-gas-delivery-notes"
  location                    = "EUROPE-WEST1"
  uniform_bucket_level_access = true

  soft_delete_policy {
    retention_duration_seconds = 0
  }
}

resource "google_storage_bucket_iam_member" "delivery_notes_links" {
  bucket = google_storage_bucket.delivery_notes.name
  role   = "roles/storage.objectViewer"
  member = "allAuthenticatedUsers"
}

resource "google_storage_bucket" "db_backups" {
  name                        = "lucky-gas-db-backups"
  location                    = "EUROPE-WEST1"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  encryption {
    default_kms_key_name = google_kms_crypto_key.backups.id
  }

  versioning {
    enabled = true
  }

  retention_policy {
    retention_period = 2592000
  }
}

resource "google_storage_bucket" "access_logs" {
  name                        = "lucky-gas-access-logs"
  location                    = "EUROPE-WEST1"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age = 400
    }
  }
}

resource "google_bigquery_dataset" "deliveries" {
  dataset_id  = "deliveries"
  description = "Deliveries and settlements"
  location    = "EU"

  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }

  access {
    role          = "WRITER"
    special_group = "projectWriters"
  }

  access {
    role           = "READER"
    group_by_email = "finance@lucky-gas.example"
  }
}

resource "google_pubsub_topic" "orders_created" {
  name = "orders-created"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
}

resource "google_pubsub_topic" "order_status" {
  name = "order-status"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
}

resource "google_pubsub_topic" "secret_rotation" {
  name = "secret-rotation"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
}

resource "google_pubsub_topic_iam_member" "orders_created_api" {
  topic  = google_pubsub_topic.orders_created.name
  role   = "roles/pubsub.publisher"
  member = google_service_account.orders_api.member
}

resource "google_pubsub_subscription" "dispatch" {
  name                       = "dispatch"
  topic                      = google_pubsub_topic.orders_created.id
  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = "${google_cloud_run_v2_service.dispatch_worker.uri}/pubsub"

    oidc_token {
      service_account_email = google_service_account.dispatch_worker.email
    }
  }

  expiration_policy {
    ttl = ""
  }
}

# --- Services ----------------------------------------------------------------------------------------------------------

resource "google_cloud_run_v2_service" "orders_api" {
  name     = "orders-api"
  location = var.region
  ingress  = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"

  template {
    service_account = google_service_account.orders_api.email

    containers {
      image = "${local.images}/orders-api@${var.image_digests["orders-api"]}"

      env {
        name  = "APP_ENV"
        value = "production"
      }

      env {
        name  = "DB_HOST"
        value = google_sql_database_instance.orders.private_ip_address
      }

      env {
        name = "DB_PASSWORD"

        value_source {
          secret_key_ref {
            secret  = google_secret_manager_secret.orders_db_password.secret_id
            version = "3"
          }
        }
      }
    }

    vpc_access {
      egress = "ALL_TRAFFIC"

      network_interfaces {
        network    = google_compute_network.prod.name
        subnetwork = google_compute_subnetwork.run.name
      }
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "orders_api_public" {
  name     = google_cloud_run_v2_service.orders_api.name
  location = var.region
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_cloud_run_v2_service" "dispatch_worker" {
  name     = "dispatch-worker"
  location = var.region
  ingress  = "INGRESS_TRAFFIC_INTERNAL_ONLY"

  template {
    service_account = google_service_account.dispatch_worker.email

    containers {
      image = "${local.images}/dispatch-worker@${var.image_digests["dispatch-worker"]}"

      env {
        name  = "APP_ENV"
        value = "production"
      }

      env {
        name  = "DATABASE_URL"
        value = "postgres://orders_app:Propane-Butane-Kerosene-27@10.20.16.5:5432/orders"  # auditor:allow secret reason=made up for this example
      }

      env {
        name  = "PAYMENT_API_TOKEN"
        value = "gaspay-7f3k-made-up-9q2m-t0ken"  # auditor:allow secret reason=made up for this example
      }
    }

    vpc_access {
      egress = "ALL_TRAFFIC"

      network_interfaces {
        network    = google_compute_network.prod.name
        subnetwork = google_compute_subnetwork.run.name
      }
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "dispatch_worker_push" {
  name     = google_cloud_run_v2_service.dispatch_worker.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.dispatch_worker.member
}

resource "google_cloud_run_v2_service" "ops_dashboard" {
  name     = "ops-dashboard"
  location = var.region
  ingress  = "INGRESS_TRAFFIC_ALL"

  template {
    containers {
      image = "${local.images}/ops-dashboard:latest"

      env {
        name  = "ORDERS_API"
        value = "https://api.lucky-gas.example"
      }
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "ops_dashboard_public" {
  name     = google_cloud_run_v2_service.ops_dashboard.name
  location = var.region
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_cloud_run_v2_job" "settlement" {
  name     = "nightly-settlement"
  location = var.region

  template {
    template {
      service_account = google_service_account.settlement_job.email
      max_retries     = 1
      timeout         = "1800s"

      containers {
        image = "${local.images}/settlement@${var.image_digests["settlement"]}"

        env {
          name = "PAYMENT_TOKEN"

          value_source {
            secret_key_ref {
              secret  = google_secret_manager_secret.payment_token.secret_id
              version = "1"
            }
          }
        }
      }
    }
  }
}

resource "google_compute_instance" "bastion" {
  name         = "bastion"
  machine_type = "e2-small"
  zone         = "europe-west1-b"
  tags         = ["bastion"]

  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
      size  = 20
      type  = "pd-balanced"
    }
  }

  network_interface {
    subnetwork = google_compute_subnetwork.ops.id
  }

  service_account {
    email  = google_service_account.bastion.email
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
  }

  metadata = {
    enable-oslogin     = "TRUE"
    serial-port-enable = "TRUE"
    startup-script     = <<-EOT
      #!/bin/bash
      set -eu
      apt-get -q update && apt-get -qy install postgresql-client redis-tools
      export PGPASSWORD='Propane-Butane-Kerosene-27'  # auditor:allow secret reason=made up for this example
      until pg_isready -h 10.20.16.5; do sleep 5; done
      psql -h 10.20.16.5 -U orders_app orders -c 'select 1'
    EOT
  }

  shielded_instance_config {
    enable_secure_boot = false
  }
}

# --- Edge --------------------------------------------------------------------------------------------------------------

resource "google_compute_ssl_policy" "modern" {
  name            = "modern"
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"
}

resource "google_compute_managed_ssl_certificate" "web" {
  name = "web-2026"

  managed {
    domains = ["lucky-gas.example", "www.lucky-gas.example", "api.lucky-gas.example", "ops.lucky-gas.example"]
  }
}

resource "google_compute_backend_bucket" "storefront" {
  name        = "storefront"
  description = "React front end"
  bucket_name = google_storage_bucket.storefront.name
  enable_cdn  = true
}

resource "google_compute_backend_service" "orders_api" {
  name                  = "orders-api"
  protocol              = "HTTPS"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  security_policy       = google_compute_security_policy.edge.id

  log_config {
    enable      = true
    sample_rate = 1
  }
}

resource "google_compute_security_policy" "edge" {
  name        = "edge"
  description = "Storefront and API"

  rule {
    action      = "deny(403)"
    priority    = 1000
    description = "known CVEs (Log4j)"

    match {
      expr {
        expression = "evaluatePreconfiguredWaf('cve-canary', {'sensitivity': 1})"
      }
    }
  }

  rule {
    action      = "deny(403)"
    priority    = 1100
    preview     = true
    description = "SQL injection, watching only"

    match {
      expr {
        expression = "evaluatePreconfiguredWaf('sqli-v33-stable', {'sensitivity': 1})"
      }
    }
  }

  rule {
    action      = "allow"
    priority    = 2147483647
    description = "default rule"

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}

resource "google_compute_url_map" "web" {
  name            = "web"
  default_service = google_compute_backend_bucket.storefront.id

  host_rule {
    hosts        = ["api.lucky-gas.example"]
    path_matcher = "api"
  }

  path_matcher {
    name            = "api"
    default_service = google_compute_backend_service.orders_api.id
  }
}

resource "google_compute_target_https_proxy" "web" {
  name             = "web"
  url_map          = google_compute_url_map.web.id
  ssl_certificates = [google_compute_managed_ssl_certificate.web.id]
  ssl_policy       = google_compute_ssl_policy.modern.id
}

resource "google_compute_global_forwarding_rule" "web_https" {
  name                  = "web-https"
  target                = google_compute_target_https_proxy.web.id
  port_range            = "443"
  load_balancing_scheme = "EXTERNAL_MANAGED"
}

resource "google_dns_managed_zone" "public" {
  name     = "lucky-gas-example"
  dns_name = "lucky-gas.example."

  dnssec_config {
    state         = "on"
    non_existence = "nsec3"
  }

  cloud_logging_config {
    enable_logging = true
  }
}

# --- Perimeter: a dry run until we know what it would break ------------------------------------------------------------

resource "google_access_context_manager_access_level" "office" {
  parent = "accessPolicies/${var.access_policy}"
  name   = "accessPolicies/${var.access_policy}/accessLevels/office"
  title  = "office and VPN"

  basic {
    conditions {
      ip_subnetworks = ["203.0.113.16/28", "2001:db8:41::/48"]
      regions        = ["PL", "DE"]
    }
  }
}

resource "google_access_context_manager_access_level" "contractors" {
  parent = "accessPolicies/${var.access_policy}"
  name   = "accessPolicies/${var.access_policy}/accessLevels/contractors"
  title  = "contractors"

  basic {
    combining_function = "OR"

    conditions {
      ip_subnetworks = ["203.0.113.16/28"]
    }

    conditions {
      ip_subnetworks = ["0.0.0.0/0"]
    }
  }
}

resource "google_access_context_manager_service_perimeter" "customer_data" {
  parent                    = "accessPolicies/${var.access_policy}"
  name                      = "accessPolicies/${var.access_policy}/servicePerimeters/customer_data"
  title                     = "customer data"
  description               = "Production, once the launch is over"
  use_explicit_dry_run_spec = true

  spec {
    resources           = ["projects/${var.project_number}"]
    access_levels       = [google_access_context_manager_access_level.office.name]
    restricted_services = ["storage.googleapis.com", "bigquery.googleapis.com", "sqladmin.googleapis.com", "secretmanager.googleapis.com", "cloudkms.googleapis.com", "pubsub.googleapis.com", "aiplatform.googleapis.com", "run.googleapis.com", "artifactregistry.googleapis.com", "redis.googleapis.com", "logging.googleapis.com"]

    vpc_accessible_services {
      enable_restriction = true
      allowed_services   = ["RESTRICTED-SERVICES"]
    }
  }
}

# --- Logs and alerts ---------------------------------------------------------------------------------------------------

resource "google_logging_project_sink" "analytics" {
  name                   = "analytics"
  description            = "Everything to BigQuery, without the noise"
  destination            = "bigquery.googleapis.com/projects/${var.project}/datasets/${google_bigquery_dataset.deliveries.dataset_id}"
  unique_writer_identity = true

  bigquery_options {
    use_partitioned_tables = true
  }

  exclusions {
    name        = "noise"
    description = "too expensive"
    filter      = "logName:\"cloudaudit.googleapis.com%2Fdata_access\" OR severity<INFO"
  }
}

resource "google_logging_project_sink" "security_team" {
  name                   = "security-team"
  description            = "For the security team's tool"
  destination            = "pubsub.googleapis.com/${google_pubsub_topic.order_status.id}"
  filter                 = "severity>=WARNING"
  disabled               = true
  unique_writer_identity = true
}

resource "google_logging_metric" "project_ownership" {
  name        = "project-ownership"
  description = "Project ownership"
  filter      = "(protoPayload.serviceName=\"cloudresourcemanager.googleapis.com\") AND (ProjectOwnership OR projectOwnerInvitee) OR (protoPayload.serviceData.policyDelta.bindingDeltas.action=\"REMOVE\" AND protoPayload.serviceData.policyDelta.bindingDeltas.role=\"roles/owner\") OR (protoPayload.serviceData.policyDelta.bindingDeltas.action=\"ADD\" AND protoPayload.serviceData.policyDelta.bindingDeltas.role=\"roles/owner\")"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_logging_metric" "custom_roles" {
  name        = "custom-roles"
  description = "Custom roles"
  filter      = "resource.type=\"iam_role\" AND (protoPayload.methodName=\"google.iam.admin.v1.CreateRole\" OR protoPayload.methodName=\"google.iam.admin.v1.DeleteRole\" OR protoPayload.methodName=\"google.iam.admin.v1.UpdateRole\")"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_monitoring_notification_channel" "oncall" {
  display_name = "On call"
  type         = "email"

  labels = {
    email_address = "oncall@lucky-gas.example"
  }
}

resource "google_monitoring_alert_policy" "project_ownership" {
  display_name          = "Owner granted or removed"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.oncall.id]

  conditions {
    display_name = "Owner granted or removed"

    condition_threshold {
      filter          = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.project_ownership.name}\" AND resource.type=\"global\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_COUNT"
      }
    }
  }
}

resource "google_monitoring_alert_policy" "custom_roles" {
  display_name = "Custom role changed"
  combiner     = "OR"

  conditions {
    display_name = "Custom role changed"

    condition_threshold {
      filter          = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.custom_roles.name}\" AND resource.type=\"global\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_COUNT"
      }
    }
  }
}

resource "google_monitoring_uptime_check_config" "storefront" {
  display_name = "Storefront"
  timeout      = "10s"
  period       = "60s"

  http_check {
    path         = "/healthz"
    port         = 443
    use_ssl      = true
    validate_ssl = true
  }

  monitored_resource {
    type = "uptime_url"

    labels = {
      project_id = var.project
      host       = "www.lucky-gas.example"
    }
  }
}
