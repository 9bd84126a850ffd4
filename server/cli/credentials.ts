/** `credentials add|list|test|rotate|remove|services`. */

import type { Command } from 'commander';
import { checkShape } from '../connections/wish.ts';
import { Failure } from '../errors.ts';
import type { CredentialAuth, CredentialRow } from '../protocol/credentials.ts';
import type { Call } from './connect.ts';
import { checkOrganization } from './organizations.ts';
import { plain, printAnswer, shortTime, table } from './output.ts';
import type { ProgramContext } from './program.ts';
import { readSecret } from './secretInput.ts';

interface AddOptions {
  service: string;
  auth?: string;
  org?: string;
  header?: string;
  prefix?: string;
  query?: string;
  host?: string[];
  testUrl?: string;
  tokenUrl?: string;
  clientId?: string;
  scope?: string;
}

const secretHint =
  'The value is typed, or read from standard input; a client secret beside a refresh token is its second line.';

export function addCredentialCommands(program: Command, context: ProgramContext): void {
  const credentials = program
    .command('credentials')
    .description('keys of other services, for outgoing calls');

  credentials
    .command('add <name>')
    .description(`store a credential. ${secretHint}`)
    .requiredOption('--service <id>', `whose key it is; see: ${context.called} credentials services`)
    .option('--auth <kind>', 'api-key, bearer, basic, client-credentials or refresh-token')
    .option('--org <id>', 'for this organization; without it the credential is global')
    .option('--header <name>', "header that it goes into; else the service's own")
    .option('--prefix <word>', 'stands before the value, such as Bearer; empty for none')
    .option('--query <name>', 'query parameter that it goes into, instead of a header')
    .option('--host <host...>', 'where it may be sent, such as api.example.com or *.example.com')
    .option('--test-url <url>', 'what a test of it gets')
    .option('--token-url <url>', 'OAuth: where tokens are issued')
    .option('--client-id <id>', 'OAuth: the client that tokens are issued to')
    .option('--scope <scopes>', 'OAuth: what tokens are asked for')
    .action(async (name: string, options: AddOptions) => {
      const wish = {
        name,
        service: options.service,
        // The check says which kinds there are.
        ...(options.auth !== undefined && { auth: options.auth as CredentialAuth }),
        ...(options.org !== undefined && { organizationId: options.org }),
        ...(options.header !== undefined && { header: options.header }),
        ...(options.prefix !== undefined && { prefix: options.prefix }),
        ...(options.query !== undefined && { queryParameter: options.query }),
        ...(options.host !== undefined && { hosts: options.host }),
        ...(options.testUrl !== undefined && { testUrl: options.testUrl }),
        ...(options.tokenUrl !== undefined && { tokenUrl: options.tokenUrl }),
        ...(options.clientId !== undefined && { clientId: options.clientId }),
        ...(options.scope !== undefined && { oauthScope: options.scope }),
      };
      checkShape(wish);
      const row = await context.daemon(async (call) => {
        await checkOrganization(call, options.org);
        const secrets = await readSecrets(options.auth, `Value of ${plain(name)}`);
        return call('workflowKeys/credentials/add', { ...wish, ...secrets });
      });
      printAnswer(context.json(), row, () => `Added ${row.name} (${row.service}, ${scopeOf(row)}).`);
    });

  credentials
    .command('list')
    .description('all credentials; their values are never shown')
    .option('--org <id>', 'what this organization sees')
    .action(async ({ org }: { org?: string }) => {
      const rows = await context.daemon((call) =>
        call('workflowKeys/credentials/list', org === undefined ? {} : { organizationId: org }),
      );
      printAnswer(context.json(), rows, (all) =>
        table(
          ['NAME', 'SCOPE', 'SERVICE', 'KIND', 'CHANGED', 'HOSTS'],
          all.map((row) => [
            row.name,
            scopeOf(row),
            row.service,
            row.auth,
            shortTime(row.updatedAt),
            row.hosts.join(', '),
          ]),
          `There are no credentials yet. Add one with: ${context.called} credentials add NAME --service SERVICE`,
        ),
      );
    });

  credentials
    .command('test <name>')
    .description('call the service once, harmlessly; exits 1 unless it accepts the credential')
    .option('--org <id>', "this organization's own")
    .action(async (name: string, { org }: { org?: string }) => {
      const tested = await context.daemon(async (call) =>
        call('workflowKeys/credentials/test', { id: await findId(call, name, org) }),
      );
      if (tested.outcome !== 'good') context.setExitCode(1);
      printAnswer(context.json(), tested, ({ outcome, message }) => `${outcome}: ${message}`);
    });

  credentials
    .command('rotate <name>')
    .description(`give a credential a new value. ${secretHint}`)
    .option('--org <id>', "this organization's own")
    .action(async (name: string, { org }: { org?: string }) => {
      const row = await context.daemon(async (call) => {
        const { id, auth } = await find(call, name, org);
        const secrets = await readSecrets(auth, `New value of ${plain(name)}`);
        return call('workflowKeys/credentials/rotate', { id, ...secrets });
      });
      printAnswer(context.json(), row, () => `Rotated ${row.name}; the next call uses the new value.`);
    });

  credentials
    .command('remove <name>')
    .description('remove a credential; calls with it fail from then on')
    .option('--org <id>', "this organization's own")
    .action(async (name: string, { org }: { org?: string }) => {
      await context.daemon(async (call) =>
        call('workflowKeys/credentials/remove', { id: await findId(call, name, org) }),
      );
      printAnswer(context.json(), { name, removed: true }, () => `Removed ${plain(name)}.`);
    });

  credentials
    .command('services')
    .description('the services that are known, and what they take')
    .action(async () => {
      const rows = await context.daemon((call) => call('workflowKeys/credentials/services', null));
      printAnswer(context.json(), rows, (all) =>
        table(
          ['SERVICE', 'KINDS', 'HOSTS'],
          all.map(({ id, auth, hosts }) => [
            id,
            [...new Set(auth.map((one) => one.auth))].join(', '),
            hosts.length === 0 ? '--host' : hosts.join(', '),
          ]),
          '',
        ),
      );
    });
}

async function readSecrets(
  auth: string | undefined,
  prompt: string,
): Promise<{ value: string; clientSecret?: string }> {
  const typed = await readSecret(prompt);
  if (auth !== 'refresh-token') return { value: typed };
  const [value = '', clientSecret] = typed.split(/\r?\n/);
  return { value, ...(clientSecret !== undefined && clientSecret !== '' && { clientSecret }) };
}

/** The credential of exactly this scope. @throws Failure `not-found`. */
async function find(call: Call, name: string, org: string | undefined): Promise<CredentialRow> {
  const rows = await call('workflowKeys/credentials/list', {});
  const row = rows.find((one) => one.name === name && one.organizationId === org);
  if (row) return row;
  throw new Failure(
    'not-found',
    `There is no credential "${plain(name)}" in scope ${org === undefined ? 'global' : `organization "${plain(org)}"`}.`,
  );
}

async function findId(call: Call, name: string, org: string | undefined): Promise<string> {
  return (await find(call, name, org)).id;
}

function scopeOf(row: CredentialRow): string {
  return row.organizationId ?? 'global';
}
