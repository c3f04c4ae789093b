"""Names that vulture finds unused and that stay, by reason. Never imported; `make check` reads it."""

# Called by the benchmarks and by those who bring their own data, not by the pipeline.
_.from_svmlight
unjudged_queries
_.mentions

# Called by those who ask the endpoint from a program of their own.
_.search_talent
_.job_feed
_.put_job
_.put_freelancer
_.put_client

# Called by PyYAML.
_.construct_mapping

# Read by Feast.
_.materialization_intervals

# Read by templates.
measured_chart
compared_chart
psi_chart
nulls_chart
volume_chart
reference_as_of
brief
narrowed

# Read as fields of a stored record, a table row or a request body.
forgotten_at
updated_at
tools
ms
lake_digest
relations
value_usd
dwell_seconds
hourly_rate_usd
experience_level
hours_per_week
agency_id
joined_at
posted_at
payment_verified
budget_kind
budget_min_usd
budget_max_usd
salary_min_usd
salary_max_usd
visibility
rate_min_usd
rate_max_usd
posted_since

# Names of codes and columns beside others that are used; a draw without which a seed's world would change.
PAUSED
PRIVATE
OBSERVABLE
honesty

# Called or read by Python, pydantic and matplotlib.
_.readinto
_.writable
_.handle_starttag
_.handle_endtag
_.handle_data
attrs
model_config
Axes

# Called or read by torch, onnxruntime, kfp and urllib3.
_.forward
_.intra_op_num_threads
_.inter_op_num_threads
_.log_severity_level
_.get_kfp_healthz
sleep_duration
_.set_user_namespace
_.retries
trace

# Called by Feast and SQLAlchemy, or named in feature_store.yaml.
_.update_url
_.engine_created
_._to_arrow_internal
_._to_df_internal
_.persist
AsofOfflineStore
_.offline_write_batch
_.ingest_df_async
supports_filter_by_created_timestamp
_.pull_latest_from_table_or_query
_.pull_all_from_table_or_query
_.validate_data_source
_.get_table_column_names_and_types_from_data_source
HomeSqliteOnlineStoreConfig
HomeSqliteOnlineStore
ValkeyOnlineStore
_.online_write_batch
_.get_torch

# Only tests call them yet: a dataset of fewer features, hard negatives that are alike, the views of a service; what
# Feast answers, against which the endpoint's own reading is held.
_.select_features
_.serving_features
alike_pool
service_views
_.profile_view

# Parts of a plan, read by their names; filters and a plan's figures, read by whoever asks the endpoint.
not_levels
not_countries
hours_min
hours_max
domains
not_domains
posted_within_days
skills_all
not_skills
not_industries
exchange_as_of
usd_per_unit

# Only benchmarks and tests ask for the countries of one region.
region_countries

# Read by name of the fields of a model's answer, and by transformers.
no_agencies
agencies_only
_.padding_side

# Read by the formatters and handlers of logging.
_.exc_text
_.raiseExceptions

# Ray calls it while it starts.
_.set_sigterm_handler

# Read by whoever asks the endpoint.
_.score_is

# Read by prometheus_client.
_.ValueClass

# Read by onnxruntime.
_.enable_cpu_mem_arena
