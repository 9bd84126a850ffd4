/** What is no bundle is refused with one line that names the line, whatever it tries. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBundle } from '../../server/bundles/parse.ts';
import { readBundle } from '../../server/bundles/reader.ts';
import { readInThread } from './place.ts';

const head = 'format: workflow-keys\nversion: 1\n';

/** The refusal's line and words; the text's own words are never in it. */
function refuses(text: string, pattern: RegExp, code = 'bad-input'): void {
  assert.throws(
    () => parseBundle(text),
    (thrown: Error & { code?: string }) => {
      assert.equal(thrown.code, code, thrown.stack ?? thrown.message);
      assert.match(thrown.message, pattern);
      assert.match(thrown.message, /[Nn]othing was changed\.$/);
      assert.doesNotMatch(thrown.message, /canary|\n/);
      return true;
    },
  );
}

test('what is no bundle at all is said to be none', () => {
  for (const text of [
    '',
    '\n',
    'null',
    '[]',
    'canary',
    '{}',
    'format: canary\nversion: 1\n',
    '\u0000',
    '%',
  ]) {
    refuses(text, /^Line 1 of the bundle: this is no /);
  }
});

test('a newer version is refused, and one that is none', () => {
  refuses(
    'format: workflow-keys\nversion: 2\nnew_part: []\n',
    /version 2, and this program knows versions up to 1/,
    'data-too-new',
  );
  for (const version of ['', '0', '-1', '1.5', '"1"', '[]']) {
    refuses(`format: workflow-keys\nversion: ${version}\n`, /names no version/);
  }
});

test('a bad row is refused with its line and what to do', () => {
  const config = (row: string) => `${head}configs:\n  - {key: a, config_type: int, value: 1}\n  - ${row}\n`;
  for (const [text, pattern] of [
    [
      config('{key: n, config_type: int, value: "1"}'),
      /^Line 5 of the bundle: Config "n" of type int needs a whole number/,
    ],
    [config('{key: n, config_type: int, value: 9007199254740993}'), /^Line 5 .*2\^53/],
    [config('{key: n, config_type: json, value: {a: [9007199254740993]}}'), /^Line 5 .*2\^53/],
    [config('{key: n, config_type: int, value: 9007199254740993.0}'), /^Line 5 .*2\^53/],
    [config('{key: n, config_type: json, value: [.nan]}'), /^Line 5 .*NaN/],
    [config('{key: n, config_type: bool, value: yes}'), /^Line 5 .*true or false/],
    [
      config('{key: n, config_type: secret, value: "sk_canary"}'),
      /^Line 5 .*is a secret, and its value stands in the file/,
    ],
    [config('{key: n, config_type: Secret}'), /^Line 5 .*needs a config_type: one of string, int/],
    [config('{key: n}'), /^Line 5 .*needs a config_type/],
    [config('{key: "a b", config_type: int, value: 1}'), /^Line 5 .*A config name has/],
    [config('{config_type: int, value: 1}'), /^Line 5 .*A config name has/],
    [config('{key: a, config_type: int, value: 2}'), /^Line 5 .*"a" stands here twice/],
    [
      config('{key: n, config_type: int, valeu: 1}'),
      /^Line 5 .*no such field; those of "configs" are key, organization, config_type/,
    ],
    [config('{key: n, config_type: int, value: 1, value: 2}'), /^Line 5 .*twice/],
    [config('{key: n, config_type: json, value: {canary: 1, canary: 2}}'), /^Line 5 .*twice/],
    [config('{key: n, config_type: string, value: "x", description: "a\\nb"}'), /^Line 5 .*one line/],
    [config('{key: n, config_type: string, value: "x", organization: 3}'), /^Line 5 .*is text/],
    [config(`{key: n, config_type: string, value: "${'x'.repeat(70_000)}"}`), /^Line 5 .*64 KiB/],
    [config('{key: n, config_type: string, value: "\\ud800"}'), /^Line 5 /],
    [config('canary'), /^Line 5 .*has fields such as "key: …"/],
    [config('{key: n, config_type: json, value: {? [canary] : 1}}'), /^Line 5 .*is text/],
    [`${head}configs: canary\n`, /^Line 3 .*"configs" is a list/],
    [`${head}secrets: [canary]\n`, /^Line 3 .*no such part/],
    [`${head}organizations:\n  - {id: global}\n`, /^Line 4 .*id of an organization/],
    [`${head}organizations:\n  - {id: acme, name: "  "}\n`, /^Line 4 .*name of organization "acme"/],
    [`${head}credentials:\n  - {name: x, service: canary}\n`, /^Line 4 .*needs a service/],
    [`${head}credentials:\n  - {name: x, service: stripe, hosts: ["canary canary"]}\n`, /^Line 4 .*host/],
    [`${head}credentials:\n  - {name: x, service: stripe, hosts: [1]}\n`, /^Line 4 .*host/],
    [`${head}credentials:\n  - {name: x, service: stripe, header: Host}\n`, /^Line 4 .*header/],
    [`${head}credentials:\n  - {name: x, service: stripe, value: canary}\n`, /^Line 4 .*no such field/],
    [
      `${head}workflows:\n  - {id: pay, timeout_seconds: -1}\n`,
      /^Line 4 .*timeout_seconds is a whole number/,
    ],
    [`${head}workflows:\n  - {id: pay, allowed_methods: [CANARY]}\n`, /^Line 4 .*allowed_methods/],
    [`${head}workflows:\n  - {id: "", endpoint_enabled: true}\n`, /^Line 4 .*id/],
  ] as const) {
    refuses(text, pattern);
  }
});

test('YAML that does more than hold values is refused: tags, anchors, aliases, bombs, directives, several documents', () => {
  const value = (yaml: string) => `${head}configs:\n  - key: n\n    config_type: json\n    value: ${yaml}\n`;
  for (const [text, pattern] of [
    [value('!!js/function "canary"'), /^Line 6 .*tag resolve failed/],
    [value('!canary {}'), /^Line 6 .*tag resolve failed/],
    [value('!!binary Y2FuYXJ5'), /^Line 6 .*no tags/],
    [value('!!set {canary}'), /^Line 6 .*no tags/],
    [value('!!str canary'), /^Line 6 .*no tags/],
    [`${head}configs: !!seq\n  - {key: n, config_type: int, value: 1}\n`, /^Line 4 .*no tags/],
    [value('&canary 1'), /^Line 6 .*anchors/],
    [`${head}configs: &canary []\nworkflows: *canary\n`, /anchors|is a list/],
    [`${head}configs:\n  - &canary\n    key: n\n    config_type: int\n    value: 1\n`, /^Line 5 .*anchors/],
    [`${head}configs:\n  - &canary key: n\n    config_type: int\n    value: 1\n`, /^Line 4 .*anchors/],
    [value('*canary'), /^Line 6 .*(bad alias|anchors)/],
    [value('{<<: {a: 1}, <<: {b: 1}}'), /^Line 6 .*twice/],
    [`%YAML 1.1\n---\n${head}`, /YAML 1\.2/],
    [`${head}---\n${head}`, /^Line 3 .*multiple docs/],
    [value('['.repeat(100_000)), /nested too deep/],
    [value(`${'['.repeat(5_000)}${']'.repeat(5_000)}`), /nested too deep/],
    [value(`${'['.repeat(200)}${']'.repeat(200)}`), /^Line 4 .*nested more than 100 deep/],
    [value('"canary'), /missing char|no YAML/],
    [`${head}configs:\n\t- canary: 1\n`, /no YAML/],
  ] as const) {
    refuses(text, pattern);
  }
  const bomb = `${head}a: &a [1]\n${Array.from({ length: 30 }, (_, level) => `b${level}: &b${level} [*a, *a]`).join('\n')}\n`;
  refuses(bomb, /no such part|anchors/);
});

test('plain YAML as people write it is read, comments and all', () => {
  const bundle = parseBundle(
    `# by hand
format: workflow-keys
version: 1
organizations:
- id: acme
configs:
  - key: limit
    config_type: int
    value: 0x1F
  - key: motd
    organization: acme
    config_type: string
    value: |
      two
      lines
  - key: when
    config_type: json
    value: {at: 2001-01-01, <<: x, __proto__: {a: 1}}
credentials:
workflows: []
`.replaceAll('\n', '\r\n'),
  );
  assert.deepEqual(bundle.organizations, [{ id: 'acme', name: 'acme' }]);
  assert.deepEqual(
    bundle.configs.map(({ value }) => JSON.stringify(value)),
    ['31', '"two\\nlines\\n"', '{"at":"2001-01-01","<<":"x","__proto__":{"a":1}}'],
  );
});

test('a bundle is parsed in a thread of its own, and one that is too large not at all', async () => {
  const text = `${head}configs:\n  - {key: a, config_type: json, value: {"__proto__": {"x": 1}}}\n`;
  const { configs } = await readInThread(text);
  assert.equal(JSON.stringify(configs[0]?.value), '{"__proto__":{"x":1}}');
  await assert.rejects(readInThread(`${head}canary: 1\n`), /^Failure: Line 3 /);
  await assert.rejects(readInThread(`${head}#${'x'.repeat(8 * 1024 * 1024)}`), { code: 'body-too-large' });
  await assert.rejects(readBundle(text, '/nowhere/parseWorker.js'), { code: 'bad-input' });
});
