/** What every command and view receives; it knows none of them. */

import type * as vscode from 'vscode';
import type { Method, Requests } from '../server/protocol.ts';
import type { Daemon } from './daemon.ts';
import type { KeyCards } from './pages/keyCards.ts';

export interface Ctx {
  readonly extension: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly daemon: Daemon;
  readonly keyCards: KeyCards;
  /** Asks the daemon, which is started when it is not there. Fails with a `Failure` that can be shown as it is. */
  request<M extends Method>(method: M, params: Requests[M]['params']): Promise<Requests[M]['result']>;
}
