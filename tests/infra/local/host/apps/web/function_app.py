"""HTTP functions of all kinds."""

import base64
import json
import os
import sys
import time

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
AT_IMPORT = os.environ.get("FROM_SETTINGS")


def _show(req: func.HttpRequest, name: str) -> func.HttpResponse:
    return func.HttpResponse(
        json.dumps(
            {
                "function": name,
                "method": req.method,
                "url": req.url,
                "route": dict(req.route_params),
                "params": dict(req.params),
                "headers": dict(req.headers),
                "body": base64.b64encode(req.get_body()).decode(),
            }
        ),
        mimetype="application/json",
    )


@app.route()
def plain_name(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "plain_name")


@app.route(route="Items/{id}", methods=["GET"])
def read_item(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "read_item")


@app.route(route="items/{id}", methods=[func.HttpMethod.PUT, func.HttpMethod.DELETE])
def change_item(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "change_item")


@app.route(route="items/special", methods=["GET"])
def exact_item(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "exact_item")


@app.route(route="items/{number:int}", methods=["GET"])
def numbered_item(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "numbered_item")


@app.route(route="words/{word:alpha}")
def word(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "word")


@app.route(route="codes/{code:length(3)}/{at:range(1,9)}")
def code(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "code")


@app.route(route="keys/{key:guid}")
def key(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "key")


@app.route(route="shelves/{shelf}/{book?}")
def shelf(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "shelf")


@app.route(route="files/{*path}")
def files(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "files")


@app.route(route="files/index")
def exact_file(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "exact_file")


@app.route(route="named/{first}.{last}")
def dotted(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "dotted")


@app.route(route="overlap/{word}")
def a_parameter(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "a_parameter")


@app.function_name("B_literal")
@app.route(route="overlap/literal")
def literal(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "B_literal")


@app.route(route="%SHOP%/open")
def shop(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "shop")


@app.route(route="sizes")
def sizes(req: func.HttpRequest) -> func.HttpResponse:
    """How much came in; how much is asked for goes out."""
    if "answer" in req.params:
        return func.HttpResponse(bytes(int(req.params["answer"])))
    return func.HttpResponse(str(len(req.get_body())))


@app.route(route="upload")
def upload(req: func.HttpRequest) -> func.HttpResponse:
    parts = {
        name: [part.filename, part.content_type, base64.b64encode(part.read()).decode()]
        for name, part in req.files.items()
    }
    return func.HttpResponse(json.dumps({"form": dict(req.form), "files": parts}))


def _twice() -> func.HttpResponse:
    """Headers and cookies of one name."""
    answer = func.HttpResponse("twice", headers={"X-Twice": "first"})
    answer.headers.add("x-twice", "last")
    answer.headers.add("Set-Cookie", "a=1; Path=/")
    answer.headers.add("Set-Cookie", "b=2; HttpOnly")
    return answer


@app.route(route="answers/{kind}")
def answers(req: func.HttpRequest):  # type: ignore[no-untyped-def]
    return {
        "text": "just text",
        "none": None,
        "bytes": func.HttpResponse(bytes(range(256)), mimetype="application/octet-stream"),
        "html": func.HttpResponse("<p>ü</p>", mimetype="text/html"),
        "json": func.HttpResponse("{}", mimetype="application/json"),
        "created": func.HttpResponse(
            status_code=201, headers={"Location": "/there", "X-Odd": "1, 2"}
        ),
        "typed": func.HttpResponse("a,b", headers={"Content-Type": "text/csv"}),
        "number": 5,
        "mapping": {},
        "raw": b"raw",
        "long": func.HttpResponse(b"x" * 200_000),
        "empty": func.HttpResponse(status_code=201),
        "gone": func.HttpResponse(status_code=204),
        "99": func.HttpResponse("odd", status_code=99),
        "999": func.HttpResponse("odd", status_code=999),
        "1000": func.HttpResponse("odd", status_code=1000),
        "umlaut": func.HttpResponse("odd", headers={"X-Name": "ü"}),
        "length": func.HttpResponse("four", headers={"Content-Length": "4"}),
        "short": func.HttpResponse("four", headers={"Content-Length": "3"}),
        "twice": _twice(),
    }[req.route_params["kind"]]


@app.route(route="raises/{kind}")
def raises(req: func.HttpRequest) -> func.HttpResponse:
    if req.route_params["kind"] == "exit":
        sys.exit(3)
    raise ValueError("a secret of the server")


@app.route(route="slow")
def slow(req: func.HttpRequest) -> func.HttpResponse:
    time.sleep(float(req.params["seconds"]))
    return func.HttpResponse("awake")


@app.route(route="async/{word}")
async def asynchronous(req: func.HttpRequest) -> func.HttpResponse:
    return _show(req, "asynchronous")


@app.route(route="context")
def with_context(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    shown = [context.function_name, context.function_directory, context.invocation_id]
    return func.HttpResponse(json.dumps(shown))


@app.route(route="settings/{name}")
def setting(req: func.HttpRequest) -> func.HttpResponse:
    name = req.route_params["name"]
    return func.HttpResponse(json.dumps([os.environ.get(name), AT_IMPORT]))
