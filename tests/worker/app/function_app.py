"""The Durable side of a host whose worker is another process: workflows that keep their input, and
the value of the binding by which that process starts them."""

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.orchestration_trigger(context_name="context")
def process_ticket(context):
    return context.get_input()


@app.route("client")
@app.generic_input_binding(arg_name="client", type="durableClient")
def read_client(req: func.HttpRequest, client: str) -> str:
    return client
