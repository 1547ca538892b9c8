metadata name = 'Amida AI Ticket Orchestrator'
metadata description = 'A resource group with all that the app needs: one identity, which may do what it must, and no key anywhere.'

targetScope = 'subscription'

@description('Name of the environment (dev, prod …): part of every name.')
@minLength(1)
@maxLength(16)
param environmentName string

@description('Region of everything but the model.')
param location string

@description('Tags beside those that this file sets.')
param tags object = {}

@description('Email of the first administrator, whose password is made up and lies in the vault. Empty: nobody can sign in until it is set.')
param adminEmail string

@description('Person or group that reads and rotates the secrets in the vault; empty for nobody.')
param operatorPrincipalId string = ''

@description('Who is told of alerts and of the budget.')
param alertEmail string = adminEmail

// ── The app ──────────────────────────────────────────────────────────────────────────────────────

@description('Python that the app runs on.')
param pythonVersion '3.11' | '3.12' | '3.13' = '3.12'

@description('Memory of an instance.')
param instanceMemoryMB 512 | 2048 | 4096 = 2048

@description('The most instances there may be.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances that are always there, by group: http, durable, blob, or function:NAME. None: nothing is paid while nothing happens, and the first request waits for a cold start.')
param alwaysReady { name: string, instanceCount: int }[] = []

@description('Requests that an instance answers at a time, before another is added.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('Origins of web pages that may call the API and upload to storage, separated by commas; empty for none but the app\'s own.')
param allowedOrigins string = ''

@description('Whether anyone may register; else administrators make the accounts.')
param registrationOpen bool = false

@description('Tenant whose Microsoft Entra ID tokens are accepted too, and the audiences they must be for, separated by commas.')
param entraTenantId string = ''
param entraAudience string = ''

@description('Repositories that may be reviewed although they are not public, and those to which reviews may be posted: lists of OWNER/NAME by role or department, in which * stands for any part of one name.')
param reviewRepositories object = {}
param reviewPostingRepositories object = {}

@description('Settings of the app that shall differ from their defaults; local.settings.sample.json lists them.')
param settings object = {}

@description('Names of the secret settings (GITHUB_TOKEN …) that there are, and all of them with their values. They go into the vault, and the app\'s settings refer to them.')
param secretNames string[] = []
@secure()
param secretSettings object = {}

@description('Where the workflows keep their state: queues and tables of the storage account, or Durable Task Scheduler.')
param durableBackend 'AzureStorage' | 'DurableTaskScheduler' = 'AzureStorage'

// ── The model ────────────────────────────────────────────────────────────────────────────────────

@description('Region of the model; not every model is everywhere.')
param modelLocation string = location

@description('Who makes the model, as Azure writes it: xAI, OpenAI, Mistral AI …')
param modelFormat string = 'xAI'

param modelName string = 'grok-4'
param modelVersion string = '1'

@description('Name of the deployment, all that the app knows of the model.')
param modelDeploymentName string = modelName

@description('Where it may be computed, and how it is paid for: GlobalStandard, DataZoneStandard, Standard …')
param modelSku string = 'GlobalStandard'

@description('Thousands of tokens a minute.')
@minValue(1)
param modelCapacity int = 50

// ── Realtime ─────────────────────────────────────────────────────────────────────────────────────

@description('The free unit takes 20 connections at a time, each Standard unit 1,000.')
param webPubSubSku 'Free_F1' | 'Standard_S1' | 'Premium_P1' = 'Standard_S1'

@minValue(1)
param webPubSubUnits int = 1

@description('Hub of the app, and the path of the API that takes what its clients send.')
param webPubSubHub string = 'tickets'
param webPubSubEventPath string = 'ws/events'

@description('App ID URI of an app registration: Web PubSub proves with a token for it who is calling. Empty: clients get messages, and cannot send any.')
param webPubSubEventAudience string = ''

// ── Storage ──────────────────────────────────────────────────────────────────────────────────────

param storageSku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS' = 'Standard_ZRS'

@description('Days that deleted blobs can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 7

@description('Days until files that could not be taken, and events that could not be delivered, are deleted.')
@minValue(1)
param rejectedDays int = 30

@description('Days until files in the container of uploads are deleted that belong to nothing.')
@minValue(1)
param stagedDays int = 14

@description('Days until what the steps of a ticket left behind is deleted. Results and files stay.')
@minValue(30)
param workDays int = 180

@description('Container of the signed digests of the audit trail, and for how many days none can be changed or deleted.')
param auditDigestContainer string = 'audit-digests'
@minValue(1)
param auditDigestDays int = 365

// ── Watching ─────────────────────────────────────────────────────────────────────────────────────

@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('GB of logs a day after which no more are taken in; -1 is no limit.')
param logQuotaGb int = 5

@description('Percent of the tickets ended in an hour that may have failed.')
param alertFailurePercent int = 20

@description('Minutes that a ticket may be pending which waits for nobody.')
param alertPendingMinutes int = 10

@description('Calls in a quarter of an hour that the model may turn away, and that storage may fail.')
param alertThrottledCalls int = 20
param alertStorageErrors int = 5

@description('What the model may cost in a day, in PRICE_CURRENCY; counted only where the settings PRICE_PROMPT_TOKENS and PRICE_COMPLETION_TOKENS say prices.')
param alertDailyModelCost int = 50

@description('What the resource group may cost in a month, in the currency of the subscription.')
param monthlyBudget int = 500

@description('First day of the month in which the budget is made. Not to be set.')
param budgetStart string = utcNow('yyyy-MM-01')

// ── Network ──────────────────────────────────────────────────────────────────────────────────────

@description('Private addresses for storage, vault and model. Links to files and the vault then work only inside the network (docs/deploy.md).')
param privateNetwork bool = false
param addressPrefix string = '10.20.0.0/16'

// ── Secrets that are made up. Not to be set ──────────────────────────────────────────────────────

@secure()
param signingKey string = '${newGuid()}${newGuid()}'
@secure()
param auditKey string = '${newGuid()}${newGuid()}'
@secure()
param adminPassword string = newGuid()

// Names: kind-amida-environment-token, as https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-naming
var token = take(uniqueString(subscription().id, environmentName, location), 6)
var plain = replace(replace(toLower(environmentName), '_', '-'), '.', '-')
var stem = 'amida-${plain}-${token}'
// Where at most 24 characters are allowed, the environment is cut and never the token.
var short = '${take(replace(plain, '-', ''), 10)}${token}'
var names = {
  group: 'rg-amida-${environmentName}'
  identity: 'id-${stem}'
  workspace: 'log-${stem}'
  insights: 'appi-${stem}'
  actionGroup: 'ag-${stem}'
  storage: 'stamida${short}'
  topic: 'evgt-${stem}'
  vault: 'kv-amida${short}'
  model: 'ais-${stem}'
  realtime: 'wps-${stem}'
  scheduler: 'dts-${stem}'
  network: 'vnet-${stem}'
  plan: 'asp-${stem}'
  app: 'func-${stem}'
}
var allTags = union(tags, { application: 'amida-ticket-orchestrator', 'azd-env-name': environmentName })

var packageContainer = 'app-package'
var taskHub = 'AmidaTickets'
var origins = filter(map(split(allowedOrigins, ','), origin => trim(origin)), origin => !empty(origin))

// Settings whose value lies in the vault.
var generatedNames = concat(['SECRET_KEY', 'AUDIT_KEY'], empty(adminEmail) ? [] : ['BOOTSTRAP_ADMIN_PASSWORD'])
var referredNames = concat(generatedNames, secretNames)
var references = toObject(
  referredNames,
  setting => setting,
  setting => '@Microsoft.KeyVault(VaultName=${names.vault};SecretName=${toLower(replace(setting, '_', '-'))})'
)

var appSettings = union(
  {
    SWEEP_SCHEDULE: '0 * * * * *'
    REGISTRATION_OPEN: string(registrationOpen)
    AZURE_OPENAI_ENDPOINT: 'https://${names.model}.openai.azure.com'
    AZURE_OPENAI_DEPLOYMENT_NAME: modelDeploymentName
    WEBPUBSUB_ENDPOINT: 'https://${names.realtime}.webpubsub.azure.com'
    WEBPUBSUB_HUB: webPubSubHub
    REJECTED_DAYS: string(rejectedDays)
    AUDIT_DIGEST_CONTAINER: auditDigestContainer
  },
  empty(origins) ? {} : { ALLOWED_ORIGINS: join(origins, ',') },
  empty(adminEmail) ? {} : { BOOTSTRAP_ADMIN_EMAIL: adminEmail },
  empty(webPubSubEventAudience)
    ? {}
    : { WEBPUBSUB_EVENT_AUDIENCE: webPubSubEventAudience, ENTRA_TENANT_ID: tenant().tenantId },
  empty(reviewRepositories) ? {} : { REVIEW_REPOSITORIES: string(reviewRepositories) },
  empty(reviewPostingRepositories) ? {} : { REVIEW_POSTING_REPOSITORIES: string(reviewPostingRepositories) },
  empty(entraTenantId) ? {} : { ENTRA_TENANT_ID: entraTenantId, ENTRA_AUDIENCE: entraAudience },
  settings,
  references
)

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: names.group
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { name: names.identity, location: location, tags: allTags }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: names.workspace
    insightsName: names.insights
    location: location
    tags: allTags
    appPrincipalId: identity.outputs.principalId
    retentionDays: logRetentionDays
    dailyQuotaGb: logQuotaGb
    publicNetworkAccess: 'Enabled'
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: names.storage
    location: location
    tags: allTags
    appPrincipalId: identity.outputs.principalId
    sku: storageSku
    isPrivate: privateNetwork
    allowedOrigins: origins
    packageContainer: packageContainer
    digestContainer: auditDigestContainer
    digestDays: auditDigestDays
    softDeleteDays: softDeleteDays
    rejectedDays: rejectedDays
    stagedDays: stagedDays
    workDays: workDays
  }
}

module events 'modules/events.bicep' = {
  scope: group
  params: {
    topicName: names.topic
    storageName: names.storage
    location: location
    tags: allTags
  }
  dependsOn: [storage]
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: names.vault
    location: location
    tags: allTags
    appPrincipalId: identity.outputs.principalId
    operatorPrincipalId: operatorPrincipalId
    secretNames: secretNames
    generatedNames: generatedNames
    values: union(secretSettings, {
      SECRET_KEY: signingKey
      AUDIT_KEY: auditKey
      BOOTSTRAP_ADMIN_PASSWORD: adminPassword
    })
    isPrivate: privateNetwork
  }
}

module model 'modules/model.bicep' = {
  scope: group
  params: {
    accountName: names.model
    location: modelLocation
    tags: allTags
    appPrincipalId: identity.outputs.principalId
    deploymentName: modelDeploymentName
    modelFormat: modelFormat
    modelName: modelName
    modelVersion: modelVersion
    modelSku: modelSku
    modelCapacity: modelCapacity
    isPrivate: privateNetwork
  }
}

module realtime 'modules/realtime.bicep' = {
  scope: group
  params: {
    name: names.realtime
    location: location
    tags: allTags
    hub: webPubSubHub
    appPrincipalId: identity.outputs.principalId
    sku: webPubSubSku
    units: webPubSubUnits
    eventUrl: 'https://${names.app}.azurewebsites.net/api/v1/${webPubSubEventPath}'
    eventAudience: webPubSubEventAudience
  }
}

module scheduler 'modules/scheduler.bicep' = if (durableBackend == 'DurableTaskScheduler') {
  scope: group
  params: {
    name: names.scheduler
    taskHub: taskHub
    location: location
    tags: allTags
    appPrincipalId: identity.outputs.principalId
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  params: {
    name: names.network
    location: location
    tags: allTags
    addressPrefix: addressPrefix
    storageName: names.storage
    vaultName: names.vault
    modelAccountName: names.model
  }
  dependsOn: [storage, vault, model]
}

module app 'modules/app.bicep' = {
  scope: group
  params: {
    planName: names.plan
    name: names.app
    location: location
    tags: allTags
    identityName: names.identity
    insightsName: names.insights
    storageName: names.storage
    packageContainer: packageContainer
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReady: alwaysReady
    httpConcurrency: httpConcurrency
    allowedOrigins: origins
    settings: appSettings
    schedulerName: durableBackend == 'DurableTaskScheduler' ? names.scheduler : ''
    networkName: privateNetwork ? names.network : ''
  }
  // Its identity may do everything before the app starts.
  dependsOn: [monitoring, storage, vault, model, realtime, scheduler, network]
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  params: {
    title: 'Tickets (${environmentName})'
    location: location
    tags: allTags
    workspaceName: names.workspace
    insightsName: names.insights
  }
  dependsOn: [monitoring]
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    prefix: stem
    location: location
    tags: allTags
    workspaceName: names.workspace
    actionGroupName: names.actionGroup
    email: alertEmail
    failurePercent: alertFailurePercent
    pendingMinutes: alertPendingMinutes
    throttledCalls: alertThrottledCalls
    storageErrors: alertStorageErrors
    dailyModelCost: alertDailyModelCost
  }
  dependsOn: [monitoring]
}

module budget 'modules/budget.bicep' = {
  scope: group
  params: {
    amount: monthlyBudget
    start: budgetStart
    email: alertEmail
    actionGroupName: names.actionGroup
  }
  dependsOn: [alerts]
}

// azd keeps these in its environment; the hook after the deployment of the code reads them.
output AZURE_RESOURCE_GROUP string = group.name
output API_URL string = 'https://${names.app}.azurewebsites.net/api/v1'
output FUNCTION_APP_NAME string = names.app
output KEY_VAULT_NAME string = names.vault
output STORAGE_ACCOUNT_NAME string = names.storage
output SYSTEM_TOPIC_NAME string = names.topic
