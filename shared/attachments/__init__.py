"""The files of tickets: added through the API, uploaded straight to Blob storage, or dropped into
a folder there; inspected, stored, downloaded, removed.

`service.Attachments` and `inbox.Inbox` are the doors.
"""
