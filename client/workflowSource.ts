/** What a new workflow file says; pure. */

/** A name that is one of Python's, of the language's own words none, and reads well in an address. */
export function isWorkflowName(name: string): boolean {
  return /^[a-z][a-z0-9_]{0,63}$/.test(name) && !keywords.has(name);
}

/** It runs as it stands, and has one of everything that the first one needs. */
export function workflowSource(name: string): string {
  return `"""Say here what ${name} is for."""

from bifrost import ExecutionContext, workflow


@workflow(name="${name}", endpoint_enabled=True)
async def ${name}(context: ExecutionContext, who: str = "world"):
    return {"greeting": f"Hello, {who}!"}
`;
}

/** And the names that the file itself imports. */
const keywords = new Set(
  (
    'and as assert async await break class continue def del elif else except finally for from global if import in ' +
    'is lambda nonlocal not or pass raise return try while with yield workflow'
  ).split(' '),
);
