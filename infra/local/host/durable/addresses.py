"""Where the API is, and the addresses that are handed out for it."""

import json
from urllib.parse import quote_plus

BASE = "/runtime/webhooks/durabletask"
RPC_BASE = "/runtime/rpc/durabletask"
"""The same API for the SDK's client in the app, which sends no key."""
KEY = "local"


def client_binding(origin: str, hub: str) -> str:
    """The JSON text a durable client binding is given."""
    start = f"{origin}{BASE}/orchestrators/{{functionName}}[/{{instanceId}}]?"
    wait = "timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&"
    code = f"code={KEY}"
    return json.dumps(
        {
            "taskHubName": hub,
            "creationUrls": {
                "createNewInstancePostUri": start + code,
                "createAndWaitOnNewInstancePostUri": start + wait + code,
            },
            "managementUrls": management_urls("INSTANCEID", origin, hub),
            "baseUrl": f"{origin}{BASE}",
            "requiredQueryStringParameters": code,
            "rpcBaseUrl": f"{origin}{RPC_BASE}/",
        }
    )


def management_urls(instance_id: str, origin: str, hub: str) -> dict[str, str]:
    """The addresses of an instance, written as .NET writes them."""
    query = f"taskHub={hub}&connection=Storage&code={KEY}"
    url = f"{origin}{BASE}/instances/{quote_plus(instance_id, safe='!*()')}"
    return {
        "id": instance_id,
        "statusQueryGetUri": f"{url}?{query}",
        "sendEventPostUri": f"{url}/raiseEvent/{{eventName}}?{query}",
        "terminatePostUri": f"{url}/terminate?reason={{text}}&{query}",
        "rewindPostUri": f"{url}/rewind?reason={{text}}&{query}",
        "purgeHistoryDeleteUri": f"{url}?{query}",
        "restartPostUri": f"{url}/restart?{query}",
        "suspendPostUri": f"{url}/suspend?reason={{text}}&{query}",
        "resumePostUri": f"{url}/resume?reason={{text}}&{query}",
    }
