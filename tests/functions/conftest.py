"""Settings with which the function modules can be imported; nothing is ever reached at them."""

import os

os.environ.setdefault("SECRET_KEY", "k" * 32)
os.environ.setdefault("STORAGE_CONNECTION", "UseDevelopmentStorage=true")
os.environ.setdefault("MODEL_BASE_URL", "http://127.0.0.1:9/v1")
os.environ.setdefault("SWEEP_SCHEDULE", "0 * * * * *")
