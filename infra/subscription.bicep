metadata name = 'Dropped blobs'
metadata description = 'Tells the app of each blob that arrives in `uploads`. Deployed after the code (infra/hooks), because Event Grid asks the listener whether it wants these events. Without it no dropped blob is ever seen.'

@description('Name of the function app.')
param appName string

@description('Name of the system topic of the storage account.')
param topicName string

@description('The function that takes blobs, and the container that it takes them from.')
param functionName string = 'take_upload'
param container string = 'uploads'

resource app 'Microsoft.Web/sites@2024-11-01' existing = {
  name: appName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

// The platform makes this key when the code with its blob trigger has started.
var key = listKeys('${app.id}/host/default', '2024-11-01').systemKeys.blobs_extension

resource arrivals 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'uploads'
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    destination: {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: 'https://${app.properties.defaultHostName}/runtime/webhooks/blobs?functionName=Host.Functions.${functionName}&code=${key}'
        maxEventsPerBatch: 1
      }
    }
    filter: {
      includedEventTypes: ['Microsoft.Storage.BlobCreated']
      // With the slash at its end, or another container whose name begins alike would be meant too.
      subjectBeginsWith: '/blobServices/default/containers/${container}/'
    }
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: { resourceId: topic.properties.source, blobContainerName: 'dead-letters' }
      }
    }
  }
}
