metadata description = 'The secrets. The app reads them by references in its settings; no setting has one.'

param name string
param location string
param tags object

@description('The app, which reads.')
param appPrincipalId string

@description('A person or group that reads and rotates; empty for nobody.')
param operatorPrincipalId string

@description('Settings whose values are written into the vault at each deployment.')
param secretNames string[]

@description('Settings whose values are made up at the first deployment and then left as they are: to change one, write it into the vault.')
param generatedNames string[]

@description('The values of both, by name.')
@secure()
param values object

@description('Whether the vault is reached over a private endpoint only.')
param isPrivate bool

// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security
var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'
var secretsOfficer = 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
    softDeleteRetentionInDays: 90
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: isPrivate ? 'Deny' : 'Allow' }
  }
}

resource given 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = [
  for name in secretNames: {
    parent: vault
    name: toLower(replace(name, '_', '-'))
    properties: { value: values[name], contentType: 'text/plain' }
  }
]

@onlyIfNotExists()
resource made 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = [
  for name in generatedNames: {
    parent: vault
    name: toLower(replace(name, '_', '-'))
    properties: { value: values[name], contentType: 'text/plain' }
  }
]

resource appReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, appPrincipalId, secretsUser)
  scope: vault
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}

resource operatorRotates 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  name: guid(vault.id, operatorPrincipalId, secretsOfficer)
  scope: vault
  properties: {
    principalId: operatorPrincipalId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsOfficer)
  }
}
