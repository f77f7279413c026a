"""The agent: one process per user, host and MLTRACK_DIR, for what a training must not wait for.

It samples devices, notices how trainers end, makes the spool durable, and delivers it. Started by
`mltrack_core._launch`, never imported by a training process; the two meet in the spool's files.
docs/agent.md tells what it records and when it leaves.
"""
