"""Functions at the root, without a prefix."""

import azure.functions as func

app = func.FunctionApp()


@app.route(route="/", auth_level=func.AuthLevel.ANONYMOUS)
def home(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("root")


@app.route(route="{*rest}", auth_level=func.AuthLevel.ANONYMOUS)
def rest(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(f"rest {req.route_params.get('rest')}")
