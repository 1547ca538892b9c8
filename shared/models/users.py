"""Users, and what clients may send about them."""

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StringConstraints

from shared.models.base import Changes, Instant, Model
from shared.models.names import CONTROLS, fold_name, is_visible, normalize_name


class Role(StrEnum):
    USER = "user"
    MANAGER = "manager"
    ADMIN = "admin"


_PART = r"[^@\s\x00-\x1f\x7f-\x9f\x22(),:;<>\[\]\\]+"  # No quote: generators quote it.
"""Without quotes, comments, routes and lists, which are other ways to write the same address."""
_LABEL = _PART.replace("[^", "[^.", 1)
_EMAIL = rf"^{_PART}@{_LABEL}(\.{_LABEL})+$"
_MAX_EMAIL = 254
_RESERVED = ("tickets", "rejected")


def _email(text: str) -> str:
    email = normalize_name(text)
    if not re.fullmatch(_EMAIL, email):
        raise ValueError("must be an email address")
    if not is_visible(email):
        raise ValueError("must have no characters that cannot be seen")
    if len(email) > _MAX_EMAIL:
        raise ValueError(f"must have at most {_MAX_EMAIL} characters")
    return email


def _username(text: str) -> str:
    if fold_name(text) in _RESERVED:
        raise ValueError("this name is reserved")
    return text


_LINE = rf"^[^{CONTROLS}]*$"


def _line(text: str) -> str:
    if not re.fullmatch(_LINE, text):
        raise ValueError("must be one line without control characters")
    return text.strip()


Line = Annotated[
    str,
    StringConstraints(max_length=200),
    AfterValidator(_line),
    Field(json_schema_extra={"pattern": _LINE}),
]
# A blank line is none.
MaybeLine = Annotated[Line | None, AfterValidator(lambda text: text or None)]
Email = Annotated[
    str,
    StringConstraints(max_length=_MAX_EMAIL),
    AfterValidator(_email),
    Field(json_schema_extra={"pattern": _EMAIL}, examples=["ada@example.com"]),
]
Password = Annotated[
    str, StringConstraints(min_length=8, max_length=1024), Field(examples=["correct horse battery"])
]
Username = Annotated[
    str,
    StringConstraints(min_length=3, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"),
    AfterValidator(_username),
    Field(json_schema_extra={"not": {"enum": list(_RESERVED)}}, examples=["ada"]),
]


class Registration(Model):
    email: Email
    username: Username
    password: Password
    full_name: MaybeLine = None
    department: MaybeLine = None
    job_title: MaybeLine = None


class NewUser(Registration):
    """What an admin may say of a new user."""

    role: Role = Role.USER
    is_active: StrictBool = True
    is_verified: StrictBool = False


class _UserChanges(Changes):
    email: Email = ""
    username: Username = ""
    full_name: MaybeLine = None
    department: MaybeLine = None
    job_title: MaybeLine = None
    password: Password = ""
    current_password: Annotated[str, StringConstraints(max_length=1024)] = ""


class OwnChanges(_UserChanges):
    """What users may change of themselves: only fields that are present. Another `email`,
    `username` or `password` needs the `current_password`; a manager's `department` is ignored."""


class UserChanges(_UserChanges):
    """What an admin may change of a user; of oneself, role and the two flags are ignored, and
    `email`, `username` and `password` need the `current_password` there, too."""

    role: Role = Role.USER
    is_active: StrictBool = True
    is_verified: StrictBool = False


class UsersQuery(Model):
    skip: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class Refresh(Model):
    """A refresh token, to be exchanged or given up."""

    refresh_token: Annotated[str, StringConstraints(max_length=1024)]


class Login(Model):
    """`username` may be the username or the email, in any case."""

    username: Annotated[
        str, StringConstraints(min_length=1, max_length=254), Field(examples=["ada"])
    ]
    password: Annotated[
        str, StringConstraints(max_length=1024), Field(examples=["correct horse battery"])
    ]


class NewPassword(Model):
    """The `token` that an administrator made, and the password that is to count."""

    token: Annotated[str, StringConstraints(max_length=1024)]
    password: Password


class PasswordReset(Model):
    """A token with which its holder may set a password, once, until `expires_at`."""

    token: str
    expires_at: Instant


class Tokens(Model):
    """`expires_in` is in seconds and concerns the access token."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a kind, no secret
    expires_in: int
    refresh_token: str


class User(Model):
    id: str
    email: str
    username: str
    full_name: str | None = None
    department: str | None = None
    job_title: str | None = None
    is_active: bool = True
    is_verified: bool = False
    role: Role = Role.USER
    created_at: Instant
    updated_at: Instant
    last_login: Instant | None = None


class StoredUser(User):
    """A user with what stays inside."""

    # Without one the user signs in elsewhere.
    password_hash: str = Field(default="", exclude=True, repr=False)
    # The department that an administrator set: what users say of themselves is no ground for a
    # right, and takes from nobody's share.
    given_department: str | None = Field(default=None, exclude=True)
    # Unix time: every older token has ended.
    tokens_from: float = Field(default=0.0, exclude=True)
    # The ids of tokens that were given up, each with the Unix time at which it expires.
    revoked: dict[str, float] = Field(default={}, exclude=True)
    # The number of the last audit event, and its hash.
    events: int = Field(default=0, exclude=True)
    last_hash: str = Field(default="", exclude=True)
    # The hash of a token with which the password can be set until a Unix time, "" for none.
    reset_hash: str = Field(default="", exclude=True, repr=False)
    reset_until: float = Field(default=0.0, exclude=True)
