"""Files of many kinds, true, false and hostile, and how blobs are looked at."""
