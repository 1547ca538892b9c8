metadata description = 'What the tickets do, at a glance. Each panel shows a query of infra/queries/workbook.'

param location string
param tags object

@description('Shown in the portal.')
param title string

param workspaceName string
param insightsName string

var hour = 3600000
var panels = [
  {
    title: 'Tickets by status and type'
    query: loadTextContent('../queries/workbook/tickets.kql')
    show: 'barchart'
    width: '60'
  }
  {
    title: 'Oldest pending ticket (minutes)'
    query: loadTextContent('../queries/workbook/oldest_pending.kql')
    show: 'timechart'
    width: '40'
  }
  {
    title: 'Duration by stage, median and 95th percentile (seconds)'
    query: loadTextContent('../queries/workbook/stages.kql')
    show: 'table'
    width: '60'
  }
  { title: 'Waits and retries', query: loadTextContent('../queries/workbook/waits.kql'), show: 'table', width: '40' }
  {
    title: 'Failures, newest first'
    query: loadTextContent('../queries/workbook/failures.kql')
    show: 'table'
    width: '100'
  }
  {
    title: 'Tokens and cost by type'
    query: loadTextContent('../queries/workbook/cost_by_type.kql')
    show: 'table'
    width: '50'
  }
  {
    title: 'Tokens and cost by user'
    query: loadTextContent('../queries/workbook/cost_by_user.kql')
    show: 'table'
    width: '50'
  }
  {
    title: 'Slow dependencies'
    query: loadTextContent('../queries/workbook/dependencies.kql')
    show: 'table'
    width: '60'
  }
  {
    title: 'Claims of the model that did not hold'
    query: loadTextContent('../queries/workbook/dropped_claims.kql')
    show: 'barchart'
    width: '40'
  }
  {
    title: 'Lag of the event loop (milliseconds)'
    query: loadTextContent('../queries/workbook/loop_lag.kql')
    show: 'timechart'
    width: '100'
  }
]

// Opens the whole trace that a row belongs to.
var traceLink = {
  columnMatch: 'Trace'
  formatter: 7
  formatOptions: {
    linkTarget: 'OpenBlade'
    linkLabel: 'Trace'
    bladeOpenContext: {
      bladeName: 'DetailsV2Blade'
      extensionName: 'AppInsightsExtension'
      bladeParameters: [
        {
          name: 'ComponentId'
          source: 'static'
          value: string({
            Name: insightsName
            SubscriptionId: subscription().subscriptionId
            ResourceGroup: resourceGroup().name
          })
        }
        { name: 'DataModel', source: 'column', value: 'Trace' }
      ]
    }
  }
}

var timeRange = {
  type: 9
  name: 'time'
  content: {
    version: 'KqlParameterItem/1.0'
    parameters: [
      {
        id: guid(insights.id, 'time')
        version: 'KqlParameterItem/1.0'
        name: 'Time'
        type: 4
        value: { durationMs: 24 * hour }
        typeSettings: {
          selectableValues: map([1, 4, 12, 24, 72, 168, 720], hours => { durationMs: hours * hour })
          allowCustom: true
        }
      }
    ]
    style: 'pills'
  }
}

var items = map(panels, panel => {
  type: 3
  name: panel.title
  customWidth: panel.width
  content: {
    version: 'KqlItem/1.0'
    title: panel.title
    query: panel.query
    size: 0
    queryType: 0
    resourceType: 'microsoft.operationalinsights/workspaces'
    crossComponentResources: [workspace.id]
    timeContextFromParameter: 'Time'
    visualization: panel.show
    gridSettings: { formatters: [traceLink] }
    noDataMessage: 'Nothing in this time.'
  }
})

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, title)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: title
    category: 'workbook'
    version: '1.0'
    sourceId: insights.id
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([timeRange], items)
      fallbackResourceIds: [insights.id]
    })
  }
}
