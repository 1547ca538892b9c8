metadata description = 'What the resource group may cost in a month, and who is told at 80 % and when it is going to be more.'

@description('In the currency of the subscription.')
param amount int

@description('The first day of the month in which the budget is made.')
param start string

param email string
param actionGroupName string

resource people 'Microsoft.Insights/actionGroups@2023-01-01' existing = {
  name: actionGroupName
}

// The start of a budget can be neither past when it is made nor changed afterwards: so it is made once, and another amount is another budget.
@onlyIfNotExists()
resource budget 'Microsoft.Consumption/budgets@2023-11-01' = {
  name: 'budget-${amount}'
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: { startDate: start }
    notifications: {
      spent: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: empty(email) ? [] : [email]
        contactGroups: [people.id]
      }
      expected: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: empty(email) ? [] : [email]
        contactGroups: [people.id]
      }
    }
  }
}
