"""Registration, signing in and out, one's own account; users and settings for administrators."""

import azure.durable_functions as df
import azure.functions as func

from functions.composition import product
from functions.http import (
    answer_json,
    as_principal,
    etag_of,
    expects_version,
    form_body,
    json_body,
    principal_of,
    query_of,
    visitor,
)
from functions.registration import endpoint

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)

_CHANGED = "The settings have changed since you read them; please read them again."


@endpoint(
    bp,
    "POST",
    "auth/register",
    body="Registration",
    answer="User",
    status=201,
    errors=(403, 409, 429),
    public=True,
)
async def register(req: func.HttpRequest) -> func.HttpResponse:
    """Open an account of one's own."""
    from shared.models import Registration

    user = await product().accounts.register(json_body(req, Registration), visitor(req))
    return answer_json(user, 201)


@endpoint(bp, "POST", "auth/login", form="Login", answer="Tokens", errors=(401, 429), public=True)
async def login(req: func.HttpRequest) -> func.HttpResponse:
    """Sign in with a form."""
    from shared.models import Login

    return answer_json(await product().accounts.login(form_body(req, Login), visitor(req)))


@endpoint(
    bp, "POST", "auth/login/json", body="Login", answer="Tokens", errors=(401, 429), public=True
)
async def login_json(req: func.HttpRequest) -> func.HttpResponse:
    """Sign in with JSON."""
    from shared.models import Login

    return answer_json(await product().accounts.login(json_body(req, Login), visitor(req)))


@endpoint(bp, "POST", "auth/refresh", body="Refresh", answer="Tokens", errors=(401,), public=True)
async def refresh(req: func.HttpRequest) -> func.HttpResponse:
    """Exchange a refresh token for a new pair; each refresh token counts once, save that it answers
    the same pair again within a short grace."""
    from shared.models import Refresh

    return answer_json(await product().accounts.refresh(json_body(req, Refresh), visitor(req)))


@endpoint(bp, "POST", "auth/logout", body="Refresh", status=204)
async def logout(req: func.HttpRequest) -> func.HttpResponse:
    """End this access token and the family of the refresh token."""
    from shared.models import Refresh

    token = await product().authentication.present(req.headers.get("Authorization", ""))
    principal = as_principal(req, token.check_user())
    await product().accounts.logout(principal, token, json_body(req, Refresh))
    return func.HttpResponse(status_code=204)


@endpoint(
    bp,
    "POST",
    "auth/password-reset",
    body="NewPassword",
    status=204,
    errors=(401, 429),
    public=True,
)
async def reset_password(req: func.HttpRequest) -> func.HttpResponse:
    """Set the password of the user whose reset token it is, once; ends all their tokens."""
    from shared.models import NewPassword

    await product().password_resets.redeem(json_body(req, NewPassword), visitor(req))
    return func.HttpResponse(status_code=204)


@endpoint(bp, "GET", "users/me", answer="User")
async def read_me(req: func.HttpRequest) -> func.HttpResponse:
    """The caller's own account."""
    return answer_json((await principal_of(req)).user)


@endpoint(bp, "GET", "users/me/usage", answer="QuotaUsage")
async def read_usage(req: func.HttpRequest) -> func.HttpResponse:
    """What is limited for the caller, what of it is used and what is left: of the caller's own, of
    the department's, of the whole app's. Nothing is counted where nothing is limited."""
    principal = await principal_of(req)
    return answer_json(await product().usage_report.of_user(principal.user))


@endpoint(bp, "PUT", "users/me", body="OwnChanges", answer="User", errors=(403, 409, 429))
async def change_me(req: func.HttpRequest) -> func.HttpResponse:
    """Change the caller's own account: email, username and password with the `current_password`;
    a new password ends all tokens."""
    from shared.models import OwnChanges

    principal, changes = await principal_of(req), json_body(req, OwnChanges)
    return answer_json(await product().user_administration.change_own(principal, changes))


@endpoint(bp, "GET", "users", query="UsersQuery", answer="list[User]", errors=(403,))
async def list_users(req: func.HttpRequest) -> func.HttpResponse:
    """All users, for administrators."""
    from shared.models import UsersQuery

    principal, query = await principal_of(req), query_of(req, UsersQuery)
    page = await product().user_administration.page(principal, query)
    return answer_json([one.model_dump(mode="json") for one in page])


@endpoint(
    bp,
    "POST",
    "users",
    body="NewUser",
    answer="User",
    status=201,
    response_headers=("Location",),
    errors=(403, 409),
)
async def create_user(req: func.HttpRequest) -> func.HttpResponse:
    """Open an account for somebody, for administrators."""
    from shared.models import NewUser

    principal, new = await principal_of(req), json_body(req, NewUser)
    user = await product().user_administration.create(principal, new)
    return answer_json(user, 201, {"Location": f"/api/v1/users/{user.id}"})


@endpoint(bp, "GET", "users/{user_id}", answer="User", errors=(403,))
async def read_user(req: func.HttpRequest) -> func.HttpResponse:
    """A user, for administrators and the user."""
    user_id = req.route_params["user_id"]
    return answer_json(await product().user_administration.read(await principal_of(req), user_id))


@endpoint(bp, "PUT", "users/{user_id}", body="UserChanges", answer="User", errors=(403, 409, 429))
async def change_user(req: func.HttpRequest) -> func.HttpResponse:
    """Change a user, for administrators; a new role or password, or the end of being active, ends
    all tokens of the user. Of oneself it takes no less than `PUT /users/me`."""
    from shared.models import UserChanges

    principal, user_id = await principal_of(req), req.route_params["user_id"]
    changes = json_body(req, UserChanges)
    return answer_json(await product().user_administration.change(principal, user_id, changes))


@endpoint(bp, "DELETE", "users/{user_id}", status=204, errors=(403, 409))
async def delete_user(req: func.HttpRequest) -> func.HttpResponse:
    """Delete a user, for administrators; tickets and audit trail stay."""
    principal = await principal_of(req)
    await product().user_administration.delete(principal, req.route_params["user_id"])
    return func.HttpResponse(status_code=204)


@endpoint(bp, "POST", "users/{user_id}/password-reset", answer="PasswordReset", errors=(403, 409))
async def issue_password_reset(req: func.HttpRequest) -> func.HttpResponse:
    """Make a token with which a user sets another password, for administrators: it counts once,
    for an hour, and in the place of one that was made before."""
    principal, user_id = await principal_of(req), req.route_params["user_id"]
    return answer_json(await product().password_resets.issue(principal, user_id))


@endpoint(
    bp,
    "GET",
    "admin/settings",
    answer="AppSettings",
    response_headers=("ETag",),
    errors=(403,),
)
async def read_settings(req: func.HttpRequest) -> func.HttpResponse:
    """Who may register, and what may be used; for administrators."""
    known = await product().app_settings.read(await principal_of(req))
    return answer_json(known.settings, headers={"ETag": etag_of(known.version)})


@endpoint(
    bp,
    "PUT",
    "admin/settings",
    body="AppSettingsChanges",
    request_headers=("If-Match",),
    answer="AppSettings",
    response_headers=("ETag",),
    errors=(403, 412),
)
async def change_settings(req: func.HttpRequest) -> func.HttpResponse:
    """Set what is given, for administrators; other processes follow within half a minute. `limits`
    takes the place of all limits that there were."""
    from shared.models import AppSettingsChanges

    principal, changes = await principal_of(req), json_body(req, AppSettingsChanges)
    check = expects_version(req, _CHANGED)
    known = await product().app_settings.change(principal, changes, check)
    return answer_json(known.settings, headers={"ETag": etag_of(known.version)})
