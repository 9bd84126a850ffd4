/** The editors and command lines that are connected; what has changed reaches all of them. */

import type { ProtocolConnection } from 'vscode-languageserver/node';
import type { ChangedNoun } from './protocol.ts';

/** One connected client. */
export interface Client {
  connection: ProtocolConnection;
  /** An editor has sent `initialize`; a command line sends requests only. */
  kind: 'editor' | 'cli';
  /** For which organization its diagnostics are computed; absent: global. */
  organizationId?: string;
  /** Asks the editor to pull diagnostics and lenses again; nothing for a command line. */
  refreshLanguage(): void;
}

/** Runs end by the hundred a second, and scripts set values by the thousand; nobody looks that fast. */
const broadcastDelayMs = 100;

export class Clients {
  readonly #all = new Set<Client>();
  readonly #waiting = new Set<ChangedNoun>();
  #timer: NodeJS.Timeout | undefined;
  /** What has changed since editors were last told by `announce`; undefined when that is long enough ago. */
  #since: Set<ChangedNoun> | undefined;
  #sinceTimer: NodeJS.Timeout | undefined;

  get size(): number {
    return this.#all.size;
  }

  add(client: Client): void {
    this.#all.add(client);
  }

  remove(client: Client): void {
    this.#all.delete(client);
  }

  /**
   * Tells every editor, and has what it marks in the code computed again: at once, and what changes within the next
   * moment together at its end.
   */
  announce(nouns: ChangedNoun[]): void {
    if (this.#since) {
      for (const noun of nouns) this.#since.add(noun);
      return;
    }
    this.#since = new Set();
    this.#sinceTimer = setTimeout(() => {
      const changed = [...(this.#since ?? [])];
      this.#since = undefined;
      if (changed.length > 0) this.announce(changed);
    }, broadcastDelayMs).unref();
    this.#send(nouns);
    for (const client of this.#all) client.refreshLanguage();
  }

  /** Tells every editor soon; many changes become one message. */
  announceSoon(noun: ChangedNoun): void {
    this.#waiting.add(noun);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#send([...this.#waiting]);
      this.#waiting.clear();
    }, broadcastDelayMs).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#sinceTimer);
    for (const { connection } of this.#all) connection.dispose();
    this.#all.clear();
  }

  #send(nouns: ChangedNoun[]): void {
    for (const { kind, connection } of this.#all) {
      // A client that has just gone loses nothing by a message that does not reach it.
      if (kind === 'editor')
        connection.sendNotification('workflowKeys/changed', { nouns }).catch(() => undefined);
    }
  }
}
