"""What a client of the JSON subprotocol may say."""

import base64
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from infra.local.webpubsub.hub import DataType, Payload


class FrameError(Exception):
    """The frame is none of the subprotocol; the message says why."""


class _Frame(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class _Acknowledged(_Frame):
    """A request that is acknowledged when it has an `ack_id`, and done once for each."""

    ack_id: Annotated[int, Field(ge=0)] | None = None


class _Carrying(_Acknowledged):
    data_type: DataType = "json"
    data: Any

    @property
    def payload(self) -> Payload:
        """What is sent; raises FrameError when `data` is not of `data_type`."""
        if self.data_type == "json":
            return Payload("json", self.data)
        if not isinstance(self.data, str):
            raise FrameError(f"data of type {self.data_type} must be a string")
        if self.data_type == "text":
            return Payload("text", self.data)
        try:
            return Payload("binary", base64.b64decode(self.data, validate=True))
        except ValueError as error:
            raise FrameError(f"binary data must be base64: {error}") from error


class JoinGroup(_Acknowledged):
    """To get what is sent to a group."""

    type: Literal["joinGroup"]
    group: str = Field(min_length=1, max_length=1024)


class LeaveGroup(_Acknowledged):
    """To get it no longer."""

    type: Literal["leaveGroup"]
    group: str = Field(min_length=1, max_length=1024)


class SendToGroup(_Carrying):
    """A message for a group; with `no_echo` the sender does not get it back."""

    type: Literal["sendToGroup"]
    group: str = Field(min_length=1, max_length=1024)
    no_echo: bool = False


class Event(_Carrying):
    """A message for the event handler."""

    type: Literal["event"]
    event: str = Field(min_length=1)


class Ping(_Frame):
    """A sign of life, answered by a pong."""

    type: Literal["ping"]


class SequenceAck(_Frame):
    """Of the reliable subprotocol: everything up to this number has arrived."""

    type: Literal["sequenceAck"]
    sequence_id: Annotated[int, Field(ge=0)]


Frame = JoinGroup | LeaveGroup | SendToGroup | Event | Ping | SequenceAck
_FRAMES: TypeAdapter[Frame] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])


def parse(text: str) -> Frame:
    """The frame in `text`; raises FrameError."""
    try:
        return _FRAMES.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise FrameError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
