"""Which asset further IAM resources act on: those whose names follow one pattern.

Sources: cloud.google.com/asset-inventory/docs/asset-names,
registry.terraform.io/providers/hashicorp/google/latest/docs
"""

from __future__ import annotations

IN_PROJECT = {
    "google_bigquery_analytics_hub_data_exchange": (
        "analyticshub.googleapis.com/DataExchange data_exchange_id "
        "locations/{location}/dataExchanges/{data_exchange_id}"
    ),
    "google_bigquery_analytics_hub_listing": (
        "analyticshub.googleapis.com/Listing listing_id "
        "locations/{location}/dataExchanges/{data_exchange_id}/listings/{listing_id}"
    ),
    "google_bigquery_datapolicy_data_policy": (
        "bigquerydatapolicy.googleapis.com/DataPolicy data_policy_id locations/{location}/dataPolicies/{data_policy_id}"
    ),
    "google_binary_authorization_attestor": (
        "binaryauthorization.googleapis.com/Attestor attestor attestors/{attestor}"
    ),
    "google_cloud_run_v2_worker_pool": "run.googleapis.com/WorkerPool name locations/{location}/workerPools/{name}",
    "google_cloudbuildv2_connection": (
        "cloudbuild.googleapis.com/Connection name locations/{location}/connections/{name}"
    ),
    "google_clouddeploy_custom_target_type": (
        "clouddeploy.googleapis.com/CustomTargetType name locations/{location}/customTargetTypes/{name}"
    ),
    "google_clouddeploy_delivery_pipeline": (
        "clouddeploy.googleapis.com/DeliveryPipeline name locations/{location}/deliveryPipelines/{name}"
    ),
    "google_clouddeploy_target": "clouddeploy.googleapis.com/Target name locations/{location}/targets/{name}",
    "google_compute_machine_image": (
        "compute.googleapis.com/MachineImage machine_image global/machineImages/{machine_image}"
    ),
    "google_compute_region_backend_service": (
        "compute.googleapis.com/RegionBackendService name regions/{region}/backendServices/{name}"
    ),
    "google_data_catalog_entry_group": (
        "datacatalog.googleapis.com/EntryGroup entry_group locations/{region}/entryGroups/{entry_group}"
    ),
    "google_data_catalog_tag_template": (
        "datacatalog.googleapis.com/TagTemplate tag_template locations/{region}/tagTemplates/{tag_template}"
    ),
    "google_data_catalog_taxonomy": (
        "datacatalog.googleapis.com/Taxonomy taxonomy locations/{region}/taxonomies/{taxonomy}"
    ),
    "google_dataplex_asset": (
        "dataplex.googleapis.com/Asset asset locations/{location}/lakes/{lake}/zones/{dataplex_zone}/assets/{asset}"
    ),
    "google_dataplex_lake": "dataplex.googleapis.com/Lake lake locations/{location}/lakes/{lake}",
    "google_dataplex_zone": (
        "dataplex.googleapis.com/Zone dataplex_zone locations/{location}/lakes/{lake}/zones/{dataplex_zone}"
    ),
    "google_dataproc_autoscaling_policy": (
        "dataproc.googleapis.com/AutoscalingPolicy policy_id "
        "locations/{location:global}/autoscalingPolicies/{policy_id}"
    ),
    "google_dataproc_job": "dataproc.googleapis.com/Job job_id regions/{region}/jobs/{job_id}",
    "google_dataproc_metastore_service": (
        "metastore.googleapis.com/Service service_id locations/{location}/services/{service_id}"
    ),
    "google_gke_backup_backup_plan": "gkebackup.googleapis.com/BackupPlan name locations/{location}/backupPlans/{name}",
    "google_gke_hub_feature": "gkehub.googleapis.com/Feature name locations/{location}/features/{name}",
    "google_gke_hub_scope": "gkehub.googleapis.com/Scope scope_id locations/global/scopes/{scope_id}",
    "google_kms_ekm_connection": (
        "cloudkms.googleapis.com/EkmConnection name locations/{location}/ekmConnections/{name}"
    ),
    "google_privateca_certificate_template": (
        "privateca.googleapis.com/CertificateTemplate certificate_template "
        "locations/{location}/certificateTemplates/{certificate_template}"
    ),
    "google_secure_source_manager_instance": (
        "securesourcemanager.googleapis.com/Instance instance_id locations/{location}/instances/{instance_id}"
    ),
    "google_secure_source_manager_repository": (
        "securesourcemanager.googleapis.com/Repository repository_id locations/{location}/repositories/{repository_id}"
    ),
    "google_sourcerepo_repository": "sourcerepo.googleapis.com/Repo repository repos/{repository}",
    "google_vertex_ai_endpoint": (
        "aiplatform.googleapis.com/Endpoint endpoint locations/{location}/endpoints/{endpoint}"
    ),
    "google_vertex_ai_featurestore": (
        "aiplatform.googleapis.com/Featurestore featurestore locations/{region}/featurestores/{featurestore}"
    ),
    "google_workstations_workstation": (
        "workstations.googleapis.com/Workstation workstation_id "
        "locations/{location}/workstationClusters/{workstation_cluster_id}"
        "/workstationConfigs/{workstation_config_id}/workstations/{workstation_id}"
    ),
    "google_workstations_workstation_config": (
        "workstations.googleapis.com/WorkstationConfig workstation_config_id "
        "locations/{location}/workstationClusters/{workstation_cluster_id}/workstationConfigs/{workstation_config_id}"
    ),
    "google_api_gateway_api": "apigateway.googleapis.com/Api api locations/global/apis/{api}",
    "google_api_gateway_gateway": "apigateway.googleapis.com/Gateway gateway locations/{region}/gateways/{gateway}",
    "google_compute_instant_snapshot": (
        "compute.googleapis.com/InstantSnapshot name zones/{zone}/instantSnapshots/{name}"
    ),
    "google_compute_storage_pool": "compute.googleapis.com/StoragePool name zones/{zone}/storagePools/{name}",
    "google_container_analysis_note": "containeranalysis.googleapis.com/Note note notes/{note}",
    "google_dataform_repository": (
        "dataform.googleapis.com/Repository repository locations/{region}/repositories/{repository}"
    ),
    "google_iam_workload_identity_pool": (
        "iam.googleapis.com/WorkloadIdentityPool workload_identity_pool_id "
        "locations/global/workloadIdentityPools/{workload_identity_pool_id}"
    ),
    "google_iap_web_cloud_run_service": (
        "iap.googleapis.com/WebService cloud_run_service_name "
        "iap_web/cloud_run-{location}/services/{cloud_run_service_name}"
    ),
    "google_iap_app_engine_service": (
        "iap.googleapis.com/WebService service iap_web/appengine-{app_id}/services/{service}"
    ),
    "google_iap_app_engine_version": (
        "iap.googleapis.com/WebServiceVersion version_id "
        "iap_web/appengine-{app_id}/services/{service}/versions/{version_id}"
    ),
    "google_iap_tunnel": "iap.googleapis.com/Tunnel project iap_tunnel",
    "google_iap_tunnel_dest_group": (
        "iap.googleapis.com/TunnelDestGroup dest_group iap_tunnel/locations/{region}/destGroups/{dest_group}"
    ),
    "google_iap_tunnel_instance": (
        "iap.googleapis.com/TunnelInstance instance iap_tunnel/zones/{zone}/instances/{instance}"
    ),
    "google_iap_web": "iap.googleapis.com/Web project iap_web",
    "google_iap_web_backend_service": (
        "iap.googleapis.com/WebService web_backend_service iap_web/compute/services/{web_backend_service}"
    ),
    "google_iap_web_region_backend_service": (
        "iap.googleapis.com/WebService web_region_backend_service "
        "iap_web/compute-{region}/services/{web_region_backend_service}"
    ),
    "google_iap_web_type_app_engine": "iap.googleapis.com/WebType app_id iap_web/appengine-{app_id}",
    "google_iap_web_type_compute": "iap.googleapis.com/WebType project iap_web/compute",
}
"""Terraform type → asset type, attribute that names the asset, and the asset's name below its project."""

ELSEWHERE = {
    "google_apigee_environment": "apigee.googleapis.com/Environment env_id {org_id:path}/environments/{env_id}",
    "google_data_catalog_policy_tag": "datacatalog.googleapis.com/PolicyTag policy_tag {policy_tag:path}",
    "google_endpoints_service": "servicemanagement.googleapis.com/ManagedService service_name services/{service_name}",
    "google_healthcare_consent_store": (
        "healthcare.googleapis.com/ConsentStore consent_store_id {dataset:path}/consentStores/{consent_store_id}"
    ),
    "google_healthcare_dicom_store": "healthcare.googleapis.com/DicomStore dicom_store_id {dicom_store_id:path}",
    "google_healthcare_fhir_store": "healthcare.googleapis.com/FhirStore fhir_store_id {fhir_store_id:path}",
    "google_healthcare_hl7_v2_store": "healthcare.googleapis.com/Hl7V2Store hl7_v2_store_id {hl7_v2_store_id:path}",
    "google_healthcare_dataset": "healthcare.googleapis.com/Dataset dataset_id {dataset_id:path}",
    "google_iam_workforce_pool": (
        "iam.googleapis.com/WorkforcePool workforce_pool_id locations/{location}/workforcePools/{workforce_pool_id}"
    ),
    "google_scc_source": "securitycenter.googleapis.com/Source source organizations/{organization}/sources/{source}",
    "google_scc_v2_organization_source": (
        "securitycenter.googleapis.com/Source source organizations/{organization}/sources/{source}"
    ),
    "google_service_directory_namespace": "servicedirectory.googleapis.com/Namespace name {name:path}",
    "google_service_directory_service": "servicedirectory.googleapis.com/Service name {name:path}",
    "google_storage_managed_folder": (
        "storage.googleapis.com/ManagedFolder managed_folder "
        "projects/_/buckets/{bucket}/managedFolders/{managed_folder}"
    ),
    "google_vertex_ai_featurestore_entitytype": (
        "aiplatform.googleapis.com/EntityType entitytype {featurestore:path}/entityTypes/{entitytype}"
    ),
}
"""The same with names that begin otherwise."""
