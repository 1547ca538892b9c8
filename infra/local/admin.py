"""The admin whom a start names: whether their password works, which storage knows better."""

import asyncio

from shared.app import App
from shared.errors import Unavailable
from shared.settings import Settings


def admin_may_sign_in(settings: Settings) -> bool:
    """Whether the admin of the settings gets in with the password of the settings: also one who is
    not there yet, and comes into being then. Not while storage is away."""

    async def look() -> bool:
        app = App(settings)
        try:
            return await app.bootstrap_admin.may_sign_in(app.users)
        except Unavailable:
            return False
        finally:
            await app.clients.close()

    return asyncio.run(look())
