"""What tickets are asked with, their `task_data` and `description`, where it is too long for a row:
it lies in blobs, which are written before the row that names them and deleted after the row that
names them no more.

`store.LargeInputs` reads them, `saving.InputSaving` writes them.
"""
