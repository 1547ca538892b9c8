// What azd's environment says (`azd env set NAME VALUE`); main.bicep tells what each of these means, and
// has the rest: a line for it here is all that another parameter takes.
using './main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'swedencentral')
param operatorPrincipalId = readEnvironmentVariable(
  'OPERATOR_PRINCIPAL_ID',
  readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
)

param adminEmail = readEnvironmentVariable('ADMIN_EMAIL', '')
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', readEnvironmentVariable('ADMIN_EMAIL', ''))
param allowedOrigins = readEnvironmentVariable('ALLOWED_ORIGINS', '')
param registrationOpen = bool(readEnvironmentVariable('REGISTRATION_OPEN', 'false'))
param entraTenantId = readEnvironmentVariable('ENTRA_TENANT_ID', '')
param entraAudience = readEnvironmentVariable('ENTRA_AUDIENCE', '')

// JSON objects of lists by role or department, such as {"Engineering": ["acme/*"]}.
param reviewRepositories = json(readEnvironmentVariable('REVIEW_REPOSITORIES', '{}'))
param reviewPostingRepositories = json(readEnvironmentVariable('REVIEW_POSTING_REPOSITORIES', '{}'))

// A JSON object of settings, such as {"MAX_PARALLEL_WORK": "16"}.
param settings = json(readEnvironmentVariable('APP_SETTINGS', '{}'))
var secrets = {
  AUDIT_PREVIOUS_KEYS: readEnvironmentVariable('AUDIT_PREVIOUS_KEYS', '')
  GITHUB_TOKEN: readEnvironmentVariable('GITHUB_TOKEN', '')
  SNOWFLAKE_MCP_TOKEN: readEnvironmentVariable('SNOWFLAKE_MCP_TOKEN', '')
}
param secretNames = map(filter(items(secrets), one => !empty(one.value)), one => one.key)
param secretSettings = secrets

param modelLocation = readEnvironmentVariable(
  'MODEL_LOCATION',
  readEnvironmentVariable('AZURE_LOCATION', 'swedencentral')
)
param modelFormat = readEnvironmentVariable('MODEL_FORMAT', 'xAI')
param modelName = readEnvironmentVariable('MODEL_NAME', 'grok-4')
param modelVersion = readEnvironmentVariable('MODEL_VERSION', '1')
param modelDeploymentName = readEnvironmentVariable(
  'MODEL_DEPLOYMENT_NAME',
  readEnvironmentVariable('MODEL_NAME', 'grok-4')
)
param modelSku = readEnvironmentVariable('MODEL_SKU', 'GlobalStandard')
param modelCapacity = int(readEnvironmentVariable('MODEL_CAPACITY', '50'))

param webPubSubEventAudience = readEnvironmentVariable('WEBPUBSUB_EVENT_AUDIENCE', '')
param monthlyBudget = int(readEnvironmentVariable('MONTHLY_BUDGET', '500'))
param privateNetwork = bool(readEnvironmentVariable('PRIVATE_NETWORK', 'false'))
param durableBackend = readEnvironmentVariable('DURABLE_BACKEND', 'AzureStorage')
