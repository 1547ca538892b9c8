metadata description = 'The function app on its Flex Consumption plan, with its settings.'

param planName string
param name string
param location string
param tags object

@description('Name of the identity that the app has.')
param identityName string

@description('Name of the component that its telemetry goes to.')
param insightsName string

param storageName string
param packageContainer string

param pythonVersion '3.11' | '3.12' | '3.13'
param instanceMemoryMB 512 | 2048 | 4096
param maximumInstanceCount int
param alwaysReady { name: string, instanceCount: int }[]
param httpConcurrency int

@description('Origins of pages that may call the app, as CORS has them.')
param allowedOrigins string[]

@description('What the app itself reads, beside what this module knows.')
param settings object

@description('Durable Task Scheduler that keeps the workflows; empty where the storage account does.')
param schedulerName string

@description('Network from whose subnet `app` the app reaches what is private; empty for none.')
param networkName string

// azd puts the code into the app that has this tag.
var service = { 'azd-service-name': 'api' }

var host = 'https://${storageName}'
var suffix = environment().suffixes.storage
var asIdentity = { credential: 'managedidentity', clientId: identity.properties.clientId }
var storage = {
  blobServiceUri: '${host}.blob.${suffix}'
  queueServiceUri: '${host}.queue.${suffix}'
  tableServiceUri: '${host}.table.${suffix}'
  ...asIdentity
}
// The platform's storage and the app's are one account, each named by its own prefix.
var storageSettings = reduce(
  items(storage),
  {},
  (all, one) =>
    union(all, {
      'AzureWebJobsStorage__${one.key}': one.value
      'STORAGE_CONNECTION__${one.key}': one.value
    })
)
// host.json names the backend, and this setting for its address (infra/durable_backend.py).
var schedulerSettings = empty(schedulerName)
  ? {}
  : {
      DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${scheduler!.properties.endpoint};Authentication=ManagedIdentity;ClientID=${identity.properties.clientId}'
    }
var platformSettings = {
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identity.properties.clientId}'
  // The worker hands on the trace that a request belongs to.
  PYTHON_ENABLE_OPENTELEMETRY: 'true'
  AZURE_CLIENT_ID: identity.properties.clientId
  // No other credential is tried before it.
  AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'
  AZURE_FUNCTIONS_DURABLE_STRICT_TYPING: '1'
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' existing = if (!empty(schedulerName)) {
  name: schedulerName
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' existing = if (!empty(networkName)) {
  name: networkName

  resource app 'subnets' existing = {
    name: 'app'
  }
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, service)
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: empty(networkName) ? null : network::app.id
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      cors: { allowedOrigins: allowedOrigins, supportCredentials: false }
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.blobServiceUri}/${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: { name: 'python', version: pythonVersion }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
      // Old instances finish what they have begun; the other strategy ends it at once. The compiler's
      // types do not know it: https://learn.microsoft.com/azure/azure-functions/flex-consumption-site-updates
      #disable-next-line BCP037
      siteUpdateStrategy: { type: 'RollingUpdate' }
    }
  }

  resource appsettings 'config' = {
    name: 'appsettings'
    properties: union(storageSettings, platformSettings, schedulerSettings, settings)
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}
