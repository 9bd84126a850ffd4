/** Every command of the extension in one table, and the one place that catches what they throw. */

import * as vscode from 'vscode';
import type { Ctx } from '../ctx.ts';
import { report } from '../report.ts';
import { createApiKey } from './apiKeys.ts';
import { showAudit, verifyAudit } from './audit.ts';
import { backUp, enterMissing, exportBundle, importBundle } from './bundles.ts';
import { addConfig, editConfig, setConfig, setSecret, unsetConfig } from './configs.ts';
import { addCredential, removeCredential, rotateCredential, testCredential } from './credentials.ts';
import { restartDaemon, showLog, showStatus, startDaemon, stopDaemon } from './daemon.ts';
import { copyKeyId, createKey, openKeysPage, rebindKey, revokeKey, rotateKey } from './keys.ts';
import { newWorkflow } from './newWorkflow.ts';
import {
  addOrganization,
  chooseOrganization,
  removeOrganization,
  renameOrganization,
} from './organizations.ts';
import { explainRequest } from './requests.ts';
import { cancelRun, retryRun, showRun } from './runs.ts';
import { copySample } from './samples.ts';
import { openWorkflow, runWorkflow, setWorkflowOrganization } from './workflows.ts';

/**
 * The argument is what the manifest's menus, a code lens or a quick fix passes; the palette passes none, and
 * the command then asks.
 */
type Command = (ctx: Ctx, argument?: never) => Promise<void>;

const commands = {
  'workflowKeys.keys.create': createKey,
  'workflowKeys.keys.createApi': createApiKey,
  'workflowKeys.keys.rotate': rotateKey,
  'workflowKeys.keys.rebind': rebindKey,
  'workflowKeys.keys.revoke': revokeKey,
  'workflowKeys.keys.openPage': openKeysPage,
  'workflowKeys.keys.copyId': copyKeyId,
  'workflowKeys.configs.add': addConfig,
  'workflowKeys.configs.setSecret': setSecret,
  'workflowKeys.configs.set': setConfig,
  'workflowKeys.configs.edit': editConfig,
  'workflowKeys.configs.unset': unsetConfig,
  'workflowKeys.configs.enterMissing': enterMissing,
  'workflowKeys.bundles.export': exportBundle,
  'workflowKeys.bundles.import': importBundle,
  'workflowKeys.backups.write': backUp,
  'workflowKeys.credentials.add': addCredential,
  'workflowKeys.credentials.test': testCredential,
  'workflowKeys.credentials.rotate': rotateCredential,
  'workflowKeys.credentials.remove': removeCredential,
  'workflowKeys.organizations.add': addOrganization,
  'workflowKeys.organizations.rename': renameOrganization,
  'workflowKeys.organizations.remove': removeOrganization,
  'workflowKeys.organizations.choose': chooseOrganization,
  'workflowKeys.workflows.create': newWorkflow,
  'workflowKeys.workflows.run': runWorkflow,
  'workflowKeys.workflows.open': openWorkflow,
  'workflowKeys.workflows.setOrganization': setWorkflowOrganization,
  'workflowKeys.samples.copy': copySample,
  'workflowKeys.runs.start': runWorkflow,
  'workflowKeys.runs.show': showRun,
  'workflowKeys.runs.cancel': cancelRun,
  'workflowKeys.runs.retry': retryRun,
  'workflowKeys.audit.show': showAudit,
  'workflowKeys.audit.verify': verifyAudit,
  'workflowKeys.requests.explain': explainRequest,
  'workflowKeys.daemon.start': startDaemon,
  'workflowKeys.daemon.restart': restartDaemon,
  'workflowKeys.daemon.stop': stopDaemon,
  'workflowKeys.daemon.showLog': showLog,
  'workflowKeys.daemon.status': showStatus,
} satisfies Record<string, Command>;

export function registerCommands(ctx: Ctx): void {
  for (const [name, command] of Object.entries<Command>(commands)) {
    ctx.extension.subscriptions.push(
      vscode.commands.registerCommand(name, async (argument?: never) => {
        try {
          await command(ctx, argument);
        } catch (error) {
          await report(ctx, error);
        }
      }),
    );
  }
}
