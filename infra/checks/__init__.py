"""What `make check` asks of the deployment: Microsoft's compiler of Bicep and analyser of KQL, and
the linters of what stands around them. Nothing here is deployed; the app knows nothing of it."""
