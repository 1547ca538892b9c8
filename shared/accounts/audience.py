"""Who hears what: the groups of realtime connections, which the server alone gives.

A user's own group hears of the tickets they opened or are assigned to; that of a department holds
its managers; `admins` hear of everything. These are the rights to read of `tickets/permissions`.
"""

from hashlib import sha256

from shared.models import Role, StoredUser

ADMINS = "admins"


def user_group(user_id: str) -> str:
    return f"user-{user_id}"


def department_group(department: str) -> str:
    """Hashed, as a department may be called anything."""
    return f"department-{sha256(department.encode()).hexdigest()[:32]}"


def must_reconnect(before: StoredUser, after: StoredUser | None) -> bool:
    """Whether connections of a user must end: what they may hear is different, or the tokens ended
    that they were opened with."""
    if after is None or not after.is_active or before.tokens_from != after.tokens_from:
        return True
    return groups_of(before) != groups_of(after)


def groups_of(user: StoredUser) -> list[str]:
    """The groups of the connections of a user: what they may read now."""
    groups = [user_group(user.id)]
    if user.role is Role.MANAGER and user.department:
        groups.append(department_group(user.department))
    if user.role is Role.ADMIN:
        groups.append(ADMINS)
    return groups
