"""The report generator: one module per format. Imports `auditor.model` and nothing else of the auditor.

A format is a module with `render(run, out)` (see `reports.base.Format`), named by the entry-point group
`auditor.reports`: the entry's name is the file suffix, its value the module.

| module | what it does |
|---|---|
| `base` | the interface of a format, and the template environment that makes strangers' text inert |
| `decision` | launch, launch with conditions, stop, or no decision possible; and why |
| `digest` | a run prepared for readers: findings grouped into entries, coverage, causes |
| `pages` | a check's page split into its parts, names and evidence shortened |
| `places` | the file and line of a finding |
| `drawings` | pictures in a run, let through as far as they draw |
| `html`, `markdown`, `json`, `sarif`, `codequality` | the formats |
"""
