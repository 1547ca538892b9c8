metadata description = 'Durable Task Scheduler, as the backend of the workflows in place of queues and tables.'

param name string
param taskHub string
param location string
param tags object

@description('The app, whose workflows it keeps.')
param appPrincipalId string

// Durable Task Data Contributor: https://learn.microsoft.com/azure/azure-functions/durable/durable-task-scheduler/durable-task-scheduler-identity
var dataContributor = '0ad04412-c4d5-4796-b79c-f76d14c8d402'

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: { name: 'Consumption' }
    ipAllowlist: ['0.0.0.0/0']
  }

  resource hub 'taskHubs' = {
    name: taskHub
  }
}

resource works 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(scheduler::hub.id, appPrincipalId, dataContributor)
  scope: scheduler::hub
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataContributor)
  }
}
