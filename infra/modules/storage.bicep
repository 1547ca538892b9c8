metadata description = 'Tables, blobs and queues: of the app, of its workflows, and of the platform. Nobody has a key; who may do what is said by roles.'

param name string
param location string
param tags object

@description('The app: it makes tables and queues by itself, and signs links to single blobs.')
param appPrincipalId string

@description('Replication. Zone-redundant storage outlives the loss of a data centre.')
param sku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS'

@description('Whether storage is reached over private endpoints only.')
param isPrivate bool

@description('Origins of pages that upload files straight to storage, as the app\'s own.')
param allowedOrigins string[]

@description('Container of the code that runs.')
param packageContainer string

@description('Container of the signed digests of the audit trail: what is in it can be added to, and neither changed nor deleted.')
param digestContainer string

@description('Days for which a digest cannot be deleted, by anyone.')
param digestDays int

@description('Days that deleted blobs can be brought back.')
param softDeleteDays int

@description('Days until blobs that the app could not take, or events that could not be delivered, are deleted.')
param rejectedDays int

@description('Days until a blob is deleted that lies in `uploads` and belongs to nothing.')
param stagedDays int

@description('Days until what the steps of a ticket left behind is deleted; results and files stay.')
param workDays int

// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage
var appRoles = [
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // Storage Blob Data Owner: the host's locks, links to single blobs
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88' // Storage Queue Data Contributor: the workflows' queues
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // Storage Table Data Contributor: tickets, users, histories
]

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    // With 'Disabled' not even the platform's own services would be let in: Event Grid leaves here what
    // it cannot deliver. Nobody else is, where nothing is allowed.
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    containerDeleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    cors: {
      corsRules: empty(allowedOrigins)
        ? []
        : [
            {
              allowedOrigins: allowedOrigins
              allowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT']
              allowedHeaders: ['*']
              exposedHeaders: ['ETag', 'Content-Disposition', 'Content-Range']
              maxAgeInSeconds: 3600
            }
          ]
    }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = [
  for container in [packageContainer, digestContainer, 'amida-work', 'uploads', 'rejected', 'dead-letters']: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

// It is not locked: whoever is sure of the period locks it, once and for ever (docs/operations.md).
resource immutability 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2024-01-01' = {
  parent: containers[1]
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: digestDays
    allowProtectedAppendWrites: true
  }
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2024-01-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        for rule in [
          { name: 'rejected', prefix: 'rejected/', days: rejectedDays }
          { name: 'dead-letters', prefix: 'dead-letters/', days: rejectedDays }
          { name: 'staged', prefix: 'uploads/', days: stagedDays }
          { name: 'work', prefix: 'amida-work/work/', days: workDays }
        ]: {
          name: rule.name
          type: 'Lifecycle'
          enabled: true
          definition: {
            // Logs of calls are append blobs; for these only deletion is allowed, which is all we want.
            filters: { blobTypes: ['blockBlob', 'appendBlob'], prefixMatch: [rule.prefix] }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: rule.days } } }
          }
        }
      ]
    }
  }
}

resource appMay 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in appRoles: {
    name: guid(account.id, appPrincipalId, role)
    scope: account
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]
