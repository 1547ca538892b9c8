"""The product in the process of the test: `app.AppUnderTest`, its accounts and its workflow."""
