/** Code lenses above each workflow: run it, see its endpoint, copy a sample. */

import type { CodeLens, Command } from 'vscode-languageserver';
import type { FileFacts, WorkflowFact } from './facts.ts';

/** Each of these commands takes one argument, `{ workflowId }`. */
const runCommand = 'workflowKeys.runs.start';
const copySampleCommand = 'workflowKeys.samples.copy';

export function lenses({ workflows }: FileFacts): CodeLens[] {
  return workflows.flatMap(({ workflow, definitionRange: { start } }) => {
    const { id, endpointEnabled } = workflow;
    const about = [{ workflowId: id }];
    const commands: Command[] = [
      { title: '▶ Run', command: runCommand, arguments: about },
      // A lens without a command is plain text.
      { title: describeEndpoint(workflow), command: '' },
    ];
    if (endpointEnabled)
      commands.push({ title: 'Copy sample', command: copySampleCommand, arguments: about });
    return commands.map((command) => ({ range: { start, end: start }, command }));
  });
}

function describeEndpoint(workflow: WorkflowFact['workflow']): string {
  if (!workflow.endpointEnabled) return 'Endpoint off';
  const methods = workflow.allowedMethods.join(', ');
  if (workflow.publicEndpoint) return `Public endpoint: ${methods}, no key`;
  return `Endpoint: ${methods}${workflow.disableGlobalKey ? ', own key only' : ''}`;
}
