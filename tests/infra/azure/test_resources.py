"""What a deployment makes: references lead somewhere, rights are needed, no secret leaks."""

import re
from collections import Counter
from typing import Any

from infra.checks.bicep import INFRA
from tests.support.azure import CANARY, PUBLIC, Deployment, texts

ID = re.compile(
    r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[\w.-]+/providers/[\w.]+(?:/[\w.-]+)+"
)
IDENTITY = "identity-{0}"
# Who may do what, and nothing else: role → type of what it is given for.
APP_ROLES = {
    "3913510d-42f4-4e42-8a64-420c390055eb": "Microsoft.Insights/components",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Microsoft.Storage/storageAccounts",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Microsoft.Storage/storageAccounts",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Microsoft.Storage/storageAccounts",
    "12cf5a90-567b-43ae-8102-96cf46c7d9b4": "Microsoft.SignalRService/webPubSub",
    "4633458b-17de-408a-b874-0445c86b69e6": "Microsoft.KeyVault/vaults",
}
ROLE_FOR_GROK = "a97b65f3-24c7-4388-baec-2e87135dc908"
ROLE_FOR_OPENAI = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"
ROLE_FOR_SCHEDULER = "0ad04412-c4d5-4796-b79c-f76d14c8d402"
OPERATOR_ROLE = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
DEAD_LETTER_ROLE = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"


def roles(deployment: Deployment) -> Counter[str]:
    found = deployment.all("Microsoft.Authorization/roleAssignments")
    return Counter(one["properties"]["roleDefinitionId"].rsplit("/", 1)[-1] for one in found)


def test_each_reference_leads_to_a_resource_of_the_deployment(deployment: Deployment) -> None:
    made = {one["id"].lower() for one in deployment.resources}
    missing = {
        found
        for text in texts(deployment.resources)
        for found in ID.findall(text)
        if "/Microsoft.Authorization/" not in found and "/subnets/" not in found
        if found.lower() not in made
    }
    assert missing == set()


def test_the_app_may_do_what_it_must_and_nothing_else(
    public_deployment: Deployment, private_deployment: Deployment
) -> None:
    common = [*APP_ROLES, DEAD_LETTER_ROLE]
    assert roles(public_deployment) == Counter([*common, ROLE_FOR_GROK])
    more = [ROLE_FOR_OPENAI, ROLE_FOR_SCHEDULER, OPERATOR_ROLE]
    assert roles(private_deployment) == Counter([*common, *more])


def test_each_right_of_the_app_is_given_for_one_resource(deployment: Deployment) -> None:
    for one in deployment.all("Microsoft.Authorization/roleAssignments"):
        role = one["properties"]["roleDefinitionId"].rsplit("/", 1)[-1]
        if kind := APP_ROLES.get(role):
            assert f"/providers/{kind}/" in one["id"], role
            assert IDENTITY in one["properties"]["principalId"], role


def test_nothing_takes_a_key(deployment: Deployment) -> None:
    def properties(kind: str) -> dict[str, Any]:
        found: dict[str, Any] = deployment.one(kind)["properties"]
        return found

    assert properties("Microsoft.Storage/storageAccounts")["allowSharedKeyAccess"] is False
    assert properties("Microsoft.SignalRService/webPubSub")["disableLocalAuth"] is True
    assert properties("Microsoft.CognitiveServices/accounts")["disableLocalAuth"] is True
    assert properties("Microsoft.Insights/components")["DisableLocalAuth"] is True
    workspace = properties("Microsoft.OperationalInsights/workspaces")
    assert workspace["features"]["disableLocalAuth"] is True
    assert properties("Microsoft.KeyVault/vaults")["enableRbacAuthorization"] is True
    for policy in deployment.all("Microsoft.Web/sites/basicPublishingCredentialsPolicies"):
        assert policy["properties"]["allow"] is False


def test_no_secret_is_outside_the_vault(public_deployment: Deployment) -> None:
    assert PUBLIC["GITHUB_TOKEN"] == CANARY
    vault = "Microsoft.KeyVault/vaults/secrets"
    outside = [one for one in public_deployment.resources if one["type"] != vault]
    for text in [*texts(outside), *texts(public_deployment.outputs)]:
        assert not re.search(rf"{CANARY}|newGuid\(|listKeys?\(|secretSettings", text), text


def test_no_output_needs_to_be_kept_from_anyone(deployment: Deployment) -> None:
    for name, value in deployment.outputs.items():
        assert not re.search("(?i)key|secret|token|password|connection", name) or (
            name == "KEY_VAULT_NAME"
        )
        assert "[" not in value, f"{name} is only known after the deployment"


def test_names_are_what_azure_takes_and_end_with_the_token(deployment: Deployment) -> None:
    """Two deployments of one environment's name must not ask for one name."""
    token = deployment.one("Microsoft.Web/sites")["name"][-6:]
    forms = {
        "Microsoft.Storage/storageAccounts": r"[a-z0-9]{3,24}",
        "Microsoft.KeyVault/vaults": r"[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]",
        "Microsoft.CognitiveServices/accounts": r"[a-z0-9][a-z0-9-]{0,62}[a-z0-9]",
        "Microsoft.SignalRService/webPubSub": r"[a-z][a-z0-9-]{1,61}[a-z0-9]",
        "Microsoft.Web/sites": r"[a-z0-9][a-z0-9-]{0,58}[a-z0-9]",
    }
    for kind, form in forms.items():
        name = deployment.one(kind)["name"]
        assert re.fullmatch(form, name), f"{kind} {name}"
        assert name.endswith(token), f"{kind} {name}"


def test_every_resource_that_can_be_is_tagged(deployment: Deployment) -> None:
    for one in deployment.resources:
        if "location" in one:
            assert one["tags"]["application"] == "amida-ticket-orchestrator", one["id"]


def test_what_is_rejected_staged_or_left_behind_is_deleted_some_day(
    public_deployment: Deployment,
) -> None:
    [policy] = public_deployment.all("Microsoft.Storage/storageAccounts/managementPolicies")
    rules = {
        rule["definition"]["filters"]["prefixMatch"][0]: rule["definition"]["actions"]["baseBlob"][
            "delete"
        ]["daysAfterModificationGreaterThan"]
        for rule in policy["properties"]["policy"]["rules"]
    }
    assert public_deployment.settings["REJECTED_DAYS"] == "30"
    assert rules == {"rejected/": 30, "dead-letters/": 30, "uploads/": 14, "amida-work/work/": 180}


def test_digests_of_the_audit_trail_cannot_be_changed(public_deployment: Deployment) -> None:
    kind = "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies"
    policy = public_deployment.one(kind)
    assert "/containers/audit-digests/" in policy["id"]
    assert policy["properties"] == {
        "immutabilityPeriodSinceCreationInDays": 365,
        "allowProtectedAppendWrites": True,
    }
    assert public_deployment.settings["AUDIT_DIGEST_CONTAINER"] == "audit-digests"


def test_a_private_network_hides_storage_vault_and_model_and_not_the_app(
    private_deployment: Deployment,
) -> None:
    for kind in (
        "Microsoft.Storage/storageAccounts",
        "Microsoft.KeyVault/vaults",
        "Microsoft.CognitiveServices/accounts",
    ):
        properties = private_deployment.one(kind)["properties"]
        assert properties["networkAcls"]["defaultAction"] == "Deny", kind
    app = private_deployment.one("Microsoft.Web/sites")["properties"]
    assert app["publicNetworkAccess"] == "Enabled"
    assert "/subnets" in app["virtualNetworkSubnetId"]
    endpoints = private_deployment.all("Microsoft.Network/privateEndpoints")
    groups = {one["properties"]["privateLinkServiceConnections"][0]["name"] for one in endpoints}
    assert groups == {"blob", "queue", "table", "vault", "model"}
    for zones in private_deployment.all("Microsoft.Network/privateEndpoints/privateDnsZoneGroups"):
        assert zones["properties"]["privateDnsZoneConfigs"], zones["id"]


def test_web_pub_sub_proves_itself_to_the_app_with_its_identity(
    public_deployment: Deployment, private_deployment: Deployment
) -> None:
    kind = "Microsoft.SignalRService/webPubSub/hubs"
    assert public_deployment.one(kind)["properties"]["eventHandlers"] == []
    [handler] = private_deployment.one(kind)["properties"]["eventHandlers"]
    site = private_deployment.one("Microsoft.Web/sites")["name"]
    assert handler["urlTemplate"].startswith(f"https://{site}.azurewebsites.net/api/v1/")
    assert handler["auth"] == {
        "type": "ManagedIdentity",
        "managedIdentity": {"resource": "api://events"},
    }


def test_the_platform_and_storage_let_the_same_origins_in_as_the_app(
    private_deployment: Deployment,
) -> None:
    origins = private_deployment.settings["ALLOWED_ORIGINS"].split(",")
    assert origins == ["https://app.example.com", "https://other.example.com"]
    site = private_deployment.one("Microsoft.Web/sites")["properties"]["siteConfig"]
    assert site["cors"]["allowedOrigins"] == origins
    blobs = private_deployment.one("Microsoft.Storage/storageAccounts/blobServices")["properties"]
    assert blobs["cors"]["corsRules"][0]["allowedOrigins"] == origins


def test_dropped_blobs_reach_the_function_that_takes_them(
    event_subscription: dict[str, Any],
) -> None:
    from functions.blob_trigger import take_upload

    trigger = take_upload._function.get_trigger()
    properties = event_subscription["properties"]
    url = properties["destination"]["properties"]["endpointUrl"]
    assert "/runtime/webhooks/blobs?functionName=Host.Functions." in url
    assert take_upload._function.get_function_name() in url
    container = trigger.path.partition("/")[0]
    filters = properties["filter"]
    assert filters["subjectBeginsWith"] == f"/blobServices/default/containers/{container}/"
    assert filters["includedEventTypes"] == ["Microsoft.Storage.BlobCreated"]
    assert properties["deadLetterWithResourceIdentity"]["identity"]["type"] == "SystemAssigned"


def test_the_budget_can_be_made_in_any_month(public_deployment: Deployment) -> None:
    [budget] = public_deployment.all("Microsoft.Consumption/budgets")
    assert budget["properties"]["timePeriod"]["startDate"] == "[utcNow('yyyy-MM-01')]"
    source = (INFRA / "modules/budget.bicep").read_text(encoding="utf-8")
    assert "@onlyIfNotExists()\nresource budget" in source  # The start can never be changed.
