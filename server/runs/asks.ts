/** What a run asks of the daemon while it runs; every secret that it is given is kept out of its output from then on. */

import { Failure, publicError } from '../errors.ts';
import type { RunScope, RunServices } from './contracts.ts';
import type { Ask, ConfigAsk } from './frames.ts';
import type { RunLog } from './run.ts';
import type { Scrubber } from './scrubber.ts';

export interface AsksParts {
  /** Invariant: fixed when the run starts; nothing that its process says changes it. */
  scope: RunScope;
  services: RunServices;
  scrubber: Scrubber;
  /** Aborted when the run ends: nobody waits for its calls any more. */
  signal: AbortSignal;
  log: RunLog;
}

export class Asks {
  readonly #parts: AsksParts;

  constructor(parts: AsksParts) {
    this.#parts = parts;
  }

  /** The frame that answers; a failure is one as well. Never rejects. */
  async answer(ask: Ask): Promise<object> {
    try {
      return await this.#ask(ask);
    } catch (error) {
      const { scope, log } = this.#parts;
      if (!(error instanceof Failure))
        log.error({ err: error, run: scope.runId }, `what a run asked for failed: ${ask.verb}`);
      return { failure: publicError(error, scope.runId) };
    }
  }

  async #ask(ask: Ask): Promise<object> {
    const { services, scope, signal } = this.#parts;
    switch (ask.verb) {
      case 'call': {
        const { answer, secrets } = await services.call(scope, ask.wish, signal);
        for (const secret of secrets) this.#keepOut(secret);
        return { answer };
      }
      case 'headers': {
        const { headers, secrets } = await services.credentialHeaders(scope, ask.name);
        for (const secret of secrets) this.#keepOut(secret);
        return { headers };
      }
      default:
        return this.#askConfig(ask);
    }
  }

  async #askConfig({ verb, name, scope: asked, value, isSecret }: ConfigAsk): Promise<object> {
    const { services, scope } = this.#parts;
    const address = { name, ...(asked === undefined ? {} : { scope: asked }) };
    switch (verb) {
      case 'get': {
        const answer = await services.getConfig(scope, address);
        if (answer.found && answer.secret) this.#keepOut(answer.value);
        return answer;
      }
      case 'set': {
        // Registered before it is stored: the run knows the value whatever becomes of it.
        if (isSecret === true) this.#keepOut(value);
        const wish = { ...address, value, ...(isSecret === undefined ? {} : { isSecret }) };
        const { secret } = await services.setConfig(scope, wish);
        if (secret) this.#keepOut(value);
        return {};
      }
      case 'delete':
        return { deleted: await services.deleteConfig(scope, address) };
      case 'list':
        return { values: await services.listConfigs(scope, asked) };
    }
  }

  /** Out of what the run leaves behind, and of what the daemon logs meanwhile. */
  #keepOut(secret: unknown): void {
    this.#parts.scrubber.register(secret);
    this.#parts.log.keepOut(secret);
  }
}
