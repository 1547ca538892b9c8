metadata description = 'The language model: an Azure AI services account with one deployment.'

param accountName string
param location string
param tags object

@description('The app, which asks it.')
param appPrincipalId string

@description('Name of the deployment: all that the app knows of the model.')
param deploymentName string

@description('Who makes the model, as Azure writes it: xAI, OpenAI, Mistral AI …')
param modelFormat string

param modelName string
param modelVersion string

@description('Where it may be computed, and how it is paid for: GlobalStandard, DataZoneStandard, Standard …')
param modelSku string

@description('Thousands of tokens a minute.')
param modelCapacity int

@description('Whether the model is reached over a private endpoint only.')
param isPrivate bool

// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/ai-machine-learning
var openAiUser = '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'
var cognitiveServicesUser = 'a97b65f3-24c7-4388-baec-2e87135dc908' // for models of others than OpenAI
var role = modelFormat == 'OpenAI' ? openAiUser : cognitiveServicesUser

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  name: accountName
  location: location
  tags: tags
  kind: 'AIServices'
  sku: { name: 'S0' }
  identity: { type: 'SystemAssigned' }
  properties: {
    customSubDomainName: accountName
    disableLocalAuth: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { defaultAction: isPrivate ? 'Deny' : 'Allow' }
  }

  resource deployment 'deployments' = {
    name: deploymentName
    sku: { name: modelSku, capacity: modelCapacity }
    properties: {
      model: { format: modelFormat, name: modelName, version: modelVersion }
      // A model is changed by a deployment of ours, never under running tickets.
      versionUpgradeOption: 'NoAutoUpgrade'
    }
  }
}

resource asks 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, appPrincipalId, role)
  scope: account
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}
