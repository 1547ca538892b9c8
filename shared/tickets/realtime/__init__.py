"""What is told of tickets while it happens: stored, sent to who may read, and asked for by clients.

`notifications.Notifications` sends, `events.RealtimeEvents` takes what the service says.
"""
