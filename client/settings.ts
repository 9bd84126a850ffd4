/** The extension's settings, read when they are needed; it knows nothing of what they are for. */

import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { defaultDataDirectory } from '../server/dataDirectory.ts';

export interface DaemonSettings {
  host: string;
  /** 0 lets the system choose a free one. */
  port: number;
  /** Absolute path. */
  dataDirectory: string;
}

/** Where the daemon listens and keeps its data (D40): the settings, else the defaults of the platform. */
export function daemonSettings(): DaemonSettings {
  const settings = vscode.workspace.getConfiguration('workflowKeys');
  return {
    host: settings.get('daemon.host') || '127.0.0.1',
    port: settings.get('daemon.port', 3000),
    dataDirectory:
      settings.get<string>('daemon.dataDirectory') ||
      defaultDataDirectory(process.env, process.platform, homedir()),
  };
}

/** Settings that are told to the daemon once, when a connection begins. */
export function changesConnection(change: vscode.ConfigurationChangeEvent): boolean {
  return (
    change.affectsConfiguration('workflowKeys.diagnostics') ||
    change.affectsConfiguration('workflowKeys.trace')
  );
}

/** Path of the Python that the user chose; `undefined` leaves the choice to others. */
export function chosenInterpreter(): string | undefined {
  return vscode.workspace.getConfiguration('workflowKeys').get<string>('python.interpreter') || undefined;
}

/** The organization whose names the diagnostics know; `undefined` is the global scope. */
export function chosenOrganization(): string | undefined {
  return vscode.workspace.getConfiguration('workflowKeys').get<string>('organization') || undefined;
}

export async function chooseOrganization(organizationId: string | undefined): Promise<void> {
  const target = vscode.workspace.workspaceFolders?.length
    ? vscode.ConfigurationTarget.Workspace
    : vscode.ConfigurationTarget.Global;
  await vscode.workspace.getConfiguration('workflowKeys').update('organization', organizationId, target);
}

export async function choosePort(port: number): Promise<void> {
  await vscode.workspace
    .getConfiguration('workflowKeys')
    .update('daemon.port', port, vscode.ConfigurationTarget.Global);
}

/** Diagnostic code → `error`, `warning`, `information`, `hint` or `off`. */
export function diagnosticSeverities(): Record<string, string> {
  return vscode.workspace.getConfiguration('workflowKeys').get('diagnostics.severity', {});
}

export function tracesMessages(): boolean {
  return vscode.workspace.getConfiguration('workflowKeys').get('trace.server') === 'messages';
}
