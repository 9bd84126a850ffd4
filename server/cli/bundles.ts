/** `export --portable` and `import`: configuration from one installation to another. */

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { Failure } from '../errors.ts';
import type { BundleItem, BundlePreview, ExportedBundle, NeededValue } from '../protocol/bundles.ts';
import type { Call } from './connect.ts';
import { count, plain, print, table } from './output.ts';
import type { ProgramContext } from './program.ts';
import { ask, confirm } from './secretInput.ts';

export function addBundleCommands(program: Command, context: ProgramContext): void {
  program
    .command('export')
    .description('write configuration as one YAML file, without keys and without the values of secrets')
    .option(
      '--portable',
      `what another installation can import; for everything there is: ${context.called} backup`,
    )
    .option('-o, --output <file>', 'else standard output')
    .action(async (options: { portable?: true; output?: string }) => {
      if (!options.portable) {
        throw new Failure(
          'bad-input',
          'Choose one: "workflow-keys export --portable" for configuration without secrets, or "workflow-keys backup" for everything, encrypted as it is.',
        );
      }
      const exported = await context.daemon((call) => call('workflowKeys/bundles/export', null));
      if (options.output === undefined) {
        process.stdout.write(context.json() ? `${JSON.stringify(exported)}\n` : exported.text);
      } else {
        writeWhole(options.output, exported.text);
        const { text: _, ...told } = exported;
        if (context.json()) print(JSON.stringify({ ...told, file: options.output }));
      }
      if (!context.json()) process.stderr.write(`${toldOf(exported, context.called).join('\n')}\n`);
    });

  program
    .command('import <file>')
    .description(
      'take over what an export has written: shows what changes, asks, then asks for missing values',
    )
    .option('--dry-run', 'only show what would change')
    .option('--yes', 'do not ask before')
    .action(async (file: string, options: { dryRun?: true; yes?: true }) => {
      const text = readText(file);
      await context.daemon(async (call) => {
        const preview = await call('workflowKeys/bundles/preview', { text });
        const refused = preview.items.some(({ change }) => change === 'refused');
        if (options.dryRun) {
          if (refused) context.setExitCode(1);
          return print(context.json() ? JSON.stringify(preview) : describe(preview));
        }
        if (!context.json()) print(describe(preview));
        // Refused as a whole by the daemon, which says why.
        const asks = !options.yes && !refused && changesOf(preview) > 0;
        if (asks && !(await confirm('Import this?', '--yes'))) {
          throw new Failure('bad-input', 'Nothing was imported.');
        }
        const imported = await call('workflowKeys/bundles/import', {
          text,
          ...(!options.yes && { approved: preview.id }),
        });
        if (context.json()) return print(JSON.stringify(imported));
        print(`Imported ${count(changesOf(imported), 'change')}.`);
        await askForValues(call, imported.needed, context.called);
      });
    });
}

/** C22: one after the other; without a terminal, how to give each. */
async function askForValues(call: Call, needed: NeededValue[], called: string): Promise<void> {
  const commands = (values: NeededValue[]) =>
    values.map((value) => `  ${called} ${commandFor(value)}`).join('\n');
  if (needed.length === 0) return;
  if (!process.stdin.isTTY) {
    print(`\n${count(needed.length, 'value')} to be given:\n${commands(needed)}`);
    return;
  }
  print(`\n${count(needed.length, 'value')} to be given. Enter alone skips one.`);
  const missing = new Set(needed);
  try {
    for (const value of needed) if (await askForValue(call, value)) missing.delete(value);
  } finally {
    // Who stops in between is told of the rest, too.
    if (missing.size > 0) print(`\nStill without a value:\n${commands([...missing])}`);
  }
}

/** Asks again as long as the value is refused. @returns whether it was given. */
async function askForValue(call: Call, needed: NeededValue): Promise<boolean> {
  const hidden = needed.kind === 'credential' || needed.type === 'secret';
  for (;;) {
    const value = await ask(promptFor(needed), { hidden, kept: 'what was imported and given so far stays' });
    if (value === '') return false;
    try {
      await give(call, needed, value);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.code !== 'bad-input') throw thrown;
      print(plain(thrown.message));
    }
  }
}

async function give(call: Call, needed: NeededValue, value: string): Promise<void> {
  if (needed.kind === 'credential') {
    const { kind: _, ...credential } = needed;
    await call('workflowKeys/credentials/add', { ...credential, value });
    return;
  }
  const { kind: _, description: __, ...config } = needed;
  await call('workflowKeys/configs/set', { ...config, value });
}

function promptFor(needed: NeededValue): string {
  const whose = needed.organizationId === undefined ? 'global' : `organization ${needed.organizationId}`;
  if (needed.kind === 'config') {
    const purpose = needed.description === undefined ? '' : `, ${plain(needed.description)}`;
    return `${needed.name} (${needed.type}, ${whose}${purpose})`;
  }
  // Whoever types a key should see where it goes: the file may come from somebody else.
  return `${needed.name} (credential of ${needed.service}, ${whose}, is sent to ${needed.hosts.map(plain).join(', ')})`;
}

function commandFor(needed: NeededValue): string {
  const org = needed.organizationId === undefined ? '' : ` --org ${needed.organizationId}`;
  if (needed.kind === 'config') {
    const value = needed.type === 'secret' ? '' : ' VALUE';
    return `config set ${needed.name}${value} --type ${needed.type}${org}`;
  }
  return `credentials add ${needed.name} --service ${needed.service}${org}`;
}

function describe({ items }: BundlePreview): string {
  const shown = items.filter(({ change, needsValue }) => change !== 'unchanged' || needsValue);
  const same = items.length - shown.length;
  return [
    table(
      ['CHANGE', 'WHAT', 'SCOPE', 'NAME', 'DETAIL'],
      shown.map((item) => [
        item.change,
        item.type ?? item.kind,
        item.kind === 'config' || item.kind === 'credential' ? (item.organizationId ?? 'global') : '',
        plain(item.name),
        detailOf(item),
      ]),
      'There is nothing to change.',
    ),
    ...(same > 0 ? [`${same} unchanged.`] : []),
  ].join('\n');
}

function detailOf({ detail = '', needsValue }: BundleItem): string {
  return [...(needsValue ? ['needs its value'] : []), ...(detail === '' ? [] : [plain(detail)])].join('; ');
}

function changesOf({ items }: { items: BundleItem[] }): number {
  return items.filter(({ kind, change }) => kind !== 'credential' && /^(new|changed)$/.test(change)).length;
}

/** What stands in the file, what does not, and what perhaps should not. */
function toldOf(exported: ExportedBundle, called: string): string[] {
  const { secretValues, credentialValues, testAddresses, keys, folders } = exported.leftOut;
  const wrote = [
    count(exported.organizations, 'organization'),
    count(exported.configs, 'config'),
    count(exported.credentials, 'credential'),
    count(exported.workflows, 'workflow setting'),
  ];
  const left = [
    `the values of ${count(secretValues, 'secret')} and ${count(credentialValues, 'credential')}`,
    ...(testAddresses > 0 ? [count(testAddresses, 'test address', 'test addresses')] : []),
    count(keys, 'key'),
    count(folders, 'folder'),
    'and the history',
  ];
  return [
    `Wrote ${wrote.join(', ')}.`,
    `Left out: ${left.join(', ')}.`,
    ...exported.suspects.map(
      (name) =>
        `"${name}" looks like a secret and stands there as plain text; make it one with: ${called} config set ${name} --type secret`,
    ),
  ];
}

function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : 'cannot be read as UTF-8 text';
    throw new Failure('bad-input', `${file} ${why}. Nothing was changed.`, { cause });
  }
}

/** The old file stands until the new one is whole. */
function writeWhole(file: string, text: string): void {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, text, { flag: 'wx' });
    renameSync(draft, file);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw new Failure('storage-failed', `${file} cannot be written. Check its folder and the free space.`, {
      cause,
    });
  }
}
