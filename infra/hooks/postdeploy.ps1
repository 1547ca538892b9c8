# After the code is there: tell the app of each blob that is dropped. The key that this needs appears
# when the app has started for the first time, so it is tried again for five minutes.
$ErrorActionPreference = 'Stop'

foreach ($try in 1..20) {
    az deployment group create --only-show-errors --output none `
        --subscription $env:AZURE_SUBSCRIPTION_ID `
        --resource-group $env:AZURE_RESOURCE_GROUP `
        --name dropped-blobs `
        --template-file infra/subscription.bicep `
        --parameters appName=$env:FUNCTION_APP_NAME topicName=$env:SYSTEM_TOPIC_NAME
    if ($LASTEXITCODE -eq 0) {
        Write-Host "Blobs dropped into the container 'uploads' become tickets. The API: $env:API_URL"
        exit 0
    }
    Write-Host 'The app has not started yet; trying again in 15 seconds'
    Start-Sleep -Seconds 15
}
Write-Error "The app does not hear of dropped blobs: see above why. Run 'azd hooks run postdeploy' when that is mended."
exit 1
