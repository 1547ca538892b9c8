"""What tickets are for: one module or folder for each task type, with its prompts beside it.

`registry.find_task_type` is the door; `base.TaskType` says what a task type is.
"""
