metadata description = 'Web PubSub: messages to the clients that are connected, and events of theirs to the app.'

param name string
param location string
param tags object

@description('The hub of the app (WEBPUBSUB_HUB).')
param hub string

@description('The app, which sends and gives out tokens.')
param appPrincipalId string

@description('What is paid for: the free unit takes 20 connections, each Standard unit 1,000.')
param sku 'Free_F1' | 'Standard_S1' | 'Premium_P1'

@description('Units of that.')
param units int

@description('Where the app takes what clients send.')
param eventUrl string

@description('App ID URI of the app registration that the tokens of these calls are for; without one clients get messages and cannot send any.')
param eventAudience string

// Web PubSub Service Owner: https://learn.microsoft.com/azure/azure-web-pubsub/concept-azure-ad-authorization
var serviceOwner = '12cf5a90-567b-43ae-8102-96cf46c7d9b4'

resource service 'Microsoft.SignalRService/webPubSub@2024-03-01' = {
  name: name
  location: location
  tags: tags
  kind: 'WebPubSub'
  sku: { name: sku, capacity: units }
  identity: { type: 'SystemAssigned' }
  properties: {
    disableLocalAuth: true
    disableAadAuth: false
    // Clients connect from anywhere.
    publicNetworkAccess: 'Enabled'
    tls: { clientCertEnabled: false }
  }

  resource handled 'hubs' = {
    name: hub
    properties: {
      anonymousConnectPolicy: 'deny'
      eventHandlers: empty(eventAudience)
        ? []
        : [
            {
              urlTemplate: eventUrl
              userEventPattern: '*'
              systemEvents: ['connect', 'connected', 'disconnected']
              auth: { type: 'ManagedIdentity', managedIdentity: { resource: eventAudience } }
            }
          ]
    }
  }
}

resource sends 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(service.id, appPrincipalId, serviceOwner)
  scope: service
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceOwner)
  }
}
