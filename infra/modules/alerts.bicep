metadata description = 'What somebody is told of. Each rule asks a query of infra/queries/alerts; docs/operations.md says what to do then.'

@description('Of the names of the rules.')
param prefix string
param actionGroupName string
param location string
param tags object
param workspaceName string

@description('Who is told; empty for nobody (the alerts are in the portal all the same).')
param email string

@description('Percent of the tickets that ended in an hour that may have failed.')
param failurePercent int

@description('Minutes that a ticket may be pending which waits for nobody.')
param pendingMinutes int

@description('Answers "too many requests" of the model that are taken in a quarter of an hour.')
param throttledCalls int

@description('Calls of storage that may fail in a quarter of an hour.')
param storageErrors int

@description('What the model may cost in a day, in PRICE_CURRENCY; counted only where the settings PRICE_PROMPT_TOKENS and PRICE_COMPLETION_TOKENS say prices.')
param dailyModelCost int

var rules = [
  {
    name: 'failure-rate'
    says: 'More tickets fail than should.'
    query: loadTextContent('../queries/alerts/failure_rate.kql')
    column: 'Percent'
    aggregation: 'Maximum'
    over: failurePercent
    window: 'PT1H'
    every: 'PT15M'
    severity: 1
  }
  {
    name: 'oldest-pending'
    says: 'A ticket is pending that should have been begun.'
    query: loadTextContent('../queries/alerts/oldest_pending.kql')
    column: 'Minutes'
    aggregation: 'Maximum'
    over: pendingMinutes
    window: 'PT15M'
    every: 'PT5M'
    severity: 1
  }
  {
    name: 'poison-blobs'
    says: 'Dropped files could not be taken, and were set aside.'
    query: loadTextContent('../queries/alerts/poison_blobs.kql')
    column: 'Blobs'
    aggregation: 'Total'
    over: 0
    window: 'PT1H'
    every: 'PT15M'
    severity: 2
  }
  {
    name: 'model-throttling'
    says: 'The model turns calls away: tickets wait.'
    query: loadTextContent('../queries/alerts/model_throttling.kql')
    column: 'Calls'
    aggregation: 'Total'
    over: throttledCalls
    window: 'PT15M'
    every: 'PT5M'
    severity: 2
  }
  {
    name: 'storage-errors'
    says: 'Storage does not answer, or not as it should.'
    query: loadTextContent('../queries/alerts/storage_errors.kql')
    column: 'Calls'
    aggregation: 'Total'
    over: storageErrors
    window: 'PT15M'
    every: 'PT5M'
    severity: 1
  }
  {
    name: 'model-cost'
    says: 'The model costs more in a day than planned.'
    query: loadTextContent('../queries/alerts/model_cost.kql')
    column: 'Cost'
    aggregation: 'Total'
    over: dailyModelCost
    window: 'P1D'
    every: 'PT1H'
    severity: 2
  }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'Tickets'
    enabled: true
    emailReceivers: empty(email) ? [] : [{ name: 'operators', emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: 'alert-${prefix}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Tickets: ${rule.name}'
      description: '${rule.says} What to do: docs/operations.md, "${rule.name}".'
      severity: rule.severity
      enabled: true
      scopes: [workspace.id]
      evaluationFrequency: rule.every
      windowSize: rule.window
      autoMitigate: true
      // The tables come into being with the first telemetry.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            metricMeasureColumn: rule.column
            timeAggregation: rule.aggregation
            operator: 'GreaterThan'
            threshold: rule.over
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [people.id] }
    }
  }
]
