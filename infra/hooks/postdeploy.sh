#!/bin/sh
# After the code is there: tell the app of each blob that is dropped. The key that this needs appears
# when the app has started for the first time, so it is tried again for five minutes.
set -eu

tries=20
until az deployment group create --only-show-errors --output none \
    --subscription "$AZURE_SUBSCRIPTION_ID" \
    --resource-group "$AZURE_RESOURCE_GROUP" \
    --name dropped-blobs \
    --template-file infra/subscription.bicep \
    --parameters appName="$FUNCTION_APP_NAME" topicName="$SYSTEM_TOPIC_NAME"
do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
        echo "The app does not hear of dropped blobs: see above why. Run 'azd hooks run postdeploy' when that is mended." >&2
        exit 1
    fi
    echo "The app has not started yet; trying again in 15 seconds" >&2
    sleep 15
done
echo "Blobs dropped into the container 'uploads' become tickets. The API: $API_URL"
