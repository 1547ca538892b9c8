metadata description = 'A network of the app\'s own, in which storage, vault and model have private addresses. What calls the app (people, Event Grid, Web PubSub) comes from outside as before.'

param name string
param location string
param tags object

@description('Names of what gets private addresses.')
param storageName string
param vaultName string
param modelAccountName string

@description('The network\'s addresses.')
param addressPrefix string

var endpoints = [
  { name: 'blob', group: 'blob', target: storage.id, zones: ['privatelink.blob.${environment().suffixes.storage}'] }
  { name: 'queue', group: 'queue', target: storage.id, zones: ['privatelink.queue.${environment().suffixes.storage}'] }
  { name: 'table', group: 'table', target: storage.id, zones: ['privatelink.table.${environment().suffixes.storage}'] }
  { name: 'vault', group: 'vault', target: vault.id, zones: ['privatelink.vaultcore.azure.net'] }
  {
    name: 'model'
    group: 'account'
    target: model.id
    zones: [
      'privatelink.cognitiveservices.azure.com'
      'privatelink.openai.azure.com'
      'privatelink.services.ai.azure.com'
    ]
  }
]
var zoneNames = flatten(map(endpoints, endpoint => endpoint.zones))

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

resource model 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: modelAccountName
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 24, 0)
          networkSecurityGroup: { id: nothingComesIn.id }
          delegations: [
            { name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 24, 1)
          networkSecurityGroup: { id: nothingComesIn.id }
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }

  resource inside 'subnets' existing = { name: 'endpoints' }
}

// The default rules let the network's own traffic in, and deny what comes from outside.
resource nothingComesIn 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: 'nsg-${name}'
  location: location
  tags: tags
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in zoneNames: {
    name: zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, index) in zoneNames: {
    parent: zones[index]
    name: name
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: network.id } }
  }
]

resource privateEndpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [
  for endpoint in endpoints: {
    name: 'pep-${name}-${endpoint.name}'
    location: location
    tags: tags
    properties: {
      subnet: { id: network::inside.id }
      privateLinkServiceConnections: [
        {
          name: endpoint.name
          properties: { privateLinkServiceId: endpoint.target, groupIds: [endpoint.group] }
        }
      ]
    }
  }
]

resource addresses 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [
  for (endpoint, index) in endpoints: {
    parent: privateEndpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        for zone in endpoint.zones: {
          name: replace(zone, '.', '-')
          properties: { privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', zone) }
        }
      ]
    }
    dependsOn: [zones]
  }
]
