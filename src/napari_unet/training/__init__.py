"""Training as a job: a generator of events that leaves a model file behind.

Stopping means to stop pulling. Every checkpoint is on disk before the event that announces it.
"""
