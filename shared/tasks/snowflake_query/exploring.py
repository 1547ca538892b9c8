"""What tables there are, before anybody writes SQL."""

from shared.models import Model
from shared.tasks.base import NoItem, Stage, WorkContext
from shared.tasks.snowflake_query import artifacts
from shared.tasks.snowflake_query.discovery import discover, narrow
from shared.tasks.snowflake_query.models import TaskData
from shared.tasks.snowflake_query.warehouse import Warehouses


class Explored(Model):
    """How many tables there are."""

    tables: int


async def explore(context: WorkContext[TaskData], _: NoItem) -> Explored:
    warehouses = context.use(Warehouses)
    place = warehouses.place_of(await context.find_owner(), context.data)
    whole = await discover(place)
    question = context.data.question
    keyed, narrowed = await narrow(place, whole, question, warehouses.layer)
    await artifacts.save_catalogues(context.artifacts, keyed, narrowed)
    return Explored(tables=len(whole.tables))


EXPLORING = Stage("exploring", explore)
