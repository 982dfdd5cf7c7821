"""Facts of Google Cloud that the auditor carries with it, and the forms in which they are stored.

- `roles.bin`: the predefined roles with their permissions (`role_file` reads and writes it)
- `permissions.txt`: which permissions deny policies and principal access boundaries can hold back (`permission_file`)

`build` makes both from JSON, `refresh` asks the IAM API for the roles of today. Imports nothing of the auditor
outside this package.
"""
