/** Quick fixes, completion, hover and code lenses: what an editor offers beside the marks. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { quickFixes } from '../../server/language/actions.ts';
import { complete } from '../../server/language/completion.ts';
import { hover } from '../../server/language/hover.ts';
import { lenses } from '../../server/language/lenses.ts';
import {
  checkFix,
  findDiagnostics,
  fixTitles,
  forAcme,
  known,
  readFacts,
  readFixture,
  uri,
} from './check.ts';

const body = (line: string) => `from bifrost import config\nasync def f():\n    ${line}\n`;

test('a missing name can be set, where it is missing', () => {
  const fixture = body('await config.get("now$0here")');
  assert.deepEqual(fixTitles(fixture), ["Set 'nowhere'…", 'Add default=None']);
  const { text } = readFixture(fixture);
  const range = { start: { line: 2, character: 25 }, end: { line: 2, character: 25 } };
  const [set] = quickFixes(findDiagnostics(text, forAcme), { uri, range, known: forAcme });
  assert.equal(set?.command?.command, 'workflowKeys.configs.set');
  assert.deepEqual(set.command.arguments, [{ name: 'nowhere', organizationId: 'acme' }]);
  assert.equal(set.isPreferred, true);
});

test('a mistyped name can be changed into the one that was meant', () => {
  checkFix(
    "Change to 'set_everywhere'",
    body(`await config.get('set_evrywhere$0')`),
    body(`await config.get('set_everywhere')`),
  );
  checkFix(
    "Change to 'set_everywhere'",
    body('await config.get("setEvery$0where")'),
    body('await config.get("set_everywhere")'),
  );
});

test('a name that is no literal is not rewritten', () => {
  assert.deepEqual(fixTitles(`NAME = "set_evrywhere"\n${body('await config.get(NA$0ME)')}`), [
    "Set 'set_evrywhere'…",
    'Add default=None',
  ]);
});

test('a default can be added, whatever the call looks like', () => {
  checkFix(
    'Add default=None',
    body('await config.get("nowhere"$0)'),
    body('await config.get("nowhere", default=None)'),
  );
  checkFix(
    'Add default=None',
    body('await config.get("nowhere"$0,)'),
    body('await config.get("nowhere", default=None)'),
  );
});

test('an await can be added, in brackets where something is taken of the value', () => {
  checkFix(
    'Add await',
    body('x = config.$0get("set_everywhere")'),
    body('x = await config.get("set_everywhere")'),
  );
  checkFix(
    'Add await',
    body('x = config.$0get("set_everywhere").strip()'),
    body('x = (await config.get("set_everywhere")).strip()'),
  );
});

test('no await is offered where none can stand', () => {
  assert.deepEqual(fixTitles('from bifrost import config\nx = config.$0get("set_everywhere")\n'), []);
});

test('is_secret=True can be added or put right', () => {
  checkFix(
    'Add is_secret=True',
    body('await config.set("api_key$0", value)'),
    body('await config.set("api_key", value, is_secret=True)'),
  );
  checkFix(
    'Add is_secret=True',
    body('await config.set("api_key$0", value, is_secret=False)'),
    body('await config.set("api_key", value, is_secret=True)'),
  );
});

test('a mistyped option can be changed into the one that was meant', () => {
  checkFix(
    "Change to 'endpoint_enabled'",
    'from bifrost import workflow\n@workflow(endpoint_enable$0=True)\ndef f(): ...\n',
    'from bifrost import workflow\n@workflow(endpoint_enabled=True)\ndef f(): ...\n',
  );
});

function completeAt(fixture: string, names = known) {
  const { text, position } = readFixture(fixture);
  return complete(readFacts(text), TextDocument.create(uri, 'python', 0, text), position, names);
}

test('names are completed within the string, with type and scopes, those out of reach last', () => {
  const list = completeAt(body('await config.get("se$0t")'), forAcme);
  assert.equal(list?.isIncomplete, false);
  const sorted = list.items.toSorted((one, other) =>
    (one.sortText ?? '') < (other.sortText ?? '') ? -1 : 1,
  );
  assert.deepEqual(
    sorted.map(({ label, detail }) => `${label}: ${detail}`),
    [
      'acme_only: secret, set for Acme',
      'set_everywhere: string, set globally',
      'shadowed: secret, set for Acme and globally',
      'globex_only: secret, set for Globex',
    ],
  );
  assert.deepEqual(sorted[0]?.textEdit, {
    range: { start: { line: 2, character: 22 }, end: { line: 2, character: 25 } },
    newText: 'acme_only',
  });
});

test('names are completed while the quote is still open', () => {
  const list = completeAt(body('token = await config.get("se$0'));
  assert.deepEqual(list?.items[0]?.textEdit, {
    range: { start: { line: 2, character: 30 }, end: { line: 2, character: 32 } },
    newText: 'acme_only',
  });
});

test('nothing is completed elsewhere', () => {
  assert.equal(completeAt(body('await config.get("set", "$0")')), undefined);
  assert.equal(completeAt(body('other.get("$0')), undefined);
  assert.equal(completeAt(body('settings.config.get("$0')), undefined);
  assert.equal(completeAt(body('$0')), undefined);
});

function hoverAt(fixture: string, names = known) {
  const { text, position } = readFixture(fixture);
  const shown = hover(readFacts(text), position, names);
  return shown && (shown.contents as { value: string }).value;
}

test('hovering a name tells its type and where it is set', () => {
  assert.equal(
    hoverAt(body('await config.get("set_$0everywhere")')),
    '`set_everywhere`: string, set globally.',
  );
  assert.equal(
    hoverAt(body('await config.get("globex$0_only")'), forAcme),
    '`globex_only`: secret, set for Globex.\n\nA run for Acme does not see it.',
  );
  assert.equal(
    hoverAt(body('await config.get("shad$0owed")'), forAcme),
    '`shadowed`: secret, set for Acme and globally.\n\nIt was imported without its value and needs one.',
  );
  assert.equal(hoverAt(body('await config.get("no$0where")')), '`nowhere` is not set anywhere.');
});

test('hovering says nothing where nothing is known', () => {
  assert.equal(hoverAt(body('await config.get("no$0where")'), { ...known, complete: false }), undefined);
  assert.equal(hoverAt(body('await con$0fig.get("set_everywhere")')), undefined);
});

test('a workflow has lenses to run it, and with an endpoint to copy a sample', () => {
  const shown = lenses(
    readFacts(`from bifrost import workflow

@workflow(name="pay", endpoint_enabled=True, disable_global_key=True, allowed_methods=["GET", "POST"])
async def charge(): ...

@workflow
def quiet(): ...

@workflow(endpoint_enabled=True, public_endpoint=True)
def open(): ...
`),
  ).map(({ range, command }) => [range.start.line, command?.title, command?.command, command?.arguments]);
  const pay = [{ workflowId: 'pay' }];
  assert.deepEqual(shown.slice(0, 3), [
    [2, '▶ Run', 'workflowKeys.runs.start', pay],
    [2, 'Endpoint: GET, POST, own key only', '', undefined],
    [2, 'Copy sample', 'workflowKeys.samples.copy', pay],
  ]);
  assert.deepEqual(
    shown.slice(3).map(([line, title]) => `${line} ${title}`),
    ['5 ▶ Run', '5 Endpoint off', '8 ▶ Run', '8 Public endpoint: POST, no key', '8 Copy sample'],
  );
});
